"""Running revisions: contexts, transactions, env.py. Floor 5. Import the modules, not this package."""
