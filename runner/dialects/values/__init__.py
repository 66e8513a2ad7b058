"""How each database writes values in a script: floor 3."""
