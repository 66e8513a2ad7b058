# The revision directory and its files are described in pyproject.toml, below [tool.alembic].
[alembic]
# The database, where env.py asks for it. DATABASE_URL wins over it when `runner` runs. Double every percent sign.
sqlalchemy.url = driver://user:pass@localhost/dbname

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
