"""The verbs: floor 6. One module per verb; each returns values and never prints. Import the modules."""
