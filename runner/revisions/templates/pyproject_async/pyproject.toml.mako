[tool.alembic]
# The revision directory; %(here)s is where this file is. Double every literal percent sign.
script_location = "${script_location}"

# Put in front of sys.path, so that env.py and revisions can import the application.
prepend_sys_path = ["."]

# Names of new files. Tokens: rev, slug, epoch, year, month, day, hour, minute, second; a slash makes subdirectories,
# which need recursive_version_locations = true.
# file_template = "%%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s"

# Longest slug, in characters.
# truncate_slug_length = 40

# Time zone of the dates in new files, such as UTC or Europe/Berlin; the machine's where it is not set.
# timezone = "UTC"

# Where revision files are, if not in one directory named versions.
# version_locations = ["%(here)s/core/versions", "%(here)s/billing/versions"]

# recursive_version_locations = false

# Run env.py for plain `revision` and `merge` too, not only with --autogenerate.
# revision_environment = false

# Accept compiled revision files without source.
# sourceless = false

# Encoding of new files.
# output_encoding = "utf-8"

# Programs to run on each new revision file, in order. A hook that fails fails the command, and the file is removed.
# [[tool.alembic.post_write_hooks]]
# name = "format"
# type = "exec"
# executable = "ruff"
# options = "format REVISION_SCRIPT_FILENAME"
