"""Dialects (floor 3): operations become statements, one module per database."""
