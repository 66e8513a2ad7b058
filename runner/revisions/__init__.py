"""The revision directory on disk. Floor 3; import the module you need, this package imports none."""
