"""Comparing the database with the model, and writing what differs as a revision. Floor 4."""
