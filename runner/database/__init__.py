"""Everything that knows a live database: URL, engine, cheap probe, lock, version table. Floor 4.

Import the modules, not this package: a run with nothing pending imports `url` and `probe` only, which do
without SQLAlchemy.
"""
