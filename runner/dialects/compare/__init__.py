"""How a database and a model are compared, one module per database. Floor 3, without SQL of operations."""
