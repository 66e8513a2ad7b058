[alembic]
# The revision directory; %(here)s is where this file is.
script_location = ${script_location}

# Put in front of sys.path, so that env.py and revisions can import the application.
prepend_sys_path = .

# How several paths in one value are separated: os (":" on POSIX), space, newline, ":" or ";".
path_separator = os

# Names of new files. Tokens: rev, slug, epoch, year, month, day, hour, minute, second; a slash makes subdirectories,
# which need recursive_version_locations = true.
# file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s

# Longest slug, in characters.
# truncate_slug_length = 40

# Time zone of the dates in new files, such as UTC or Europe/Berlin; the machine's where it is not set.
# timezone = UTC

# Where revision files are, if not in one directory named versions.
# version_locations = %(here)s/core/versions:%(here)s/billing/versions

# recursive_version_locations = false

# Run env.py for plain `revision` and `merge` too, not only with --autogenerate.
# revision_environment = false

# Accept compiled revision files without source.
# sourceless = false

# Encoding of new files.
# output_encoding = utf-8

# The database, where env.py asks for it. DATABASE_URL wins over it when `runner` runs. Double every percent sign.
sqlalchemy.url = driver://user:pass@localhost/dbname

# Programs to run on each new revision file, in order. A hook that fails fails the command, and the file is removed.
[post_write_hooks]
# hooks = format
# format.type = exec
# format.executable = ruff
# format.options = format REVISION_SCRIPT_FILENAME

# What env.py gives to logging.config.fileConfig().
[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
