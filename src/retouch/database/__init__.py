"""The database that all processes of a service share: how it is reached, and which shape it has."""
