"""How the database came to its shape, one step a file in ``versions``; run by ``retouch.database.schema.upgrade``."""
