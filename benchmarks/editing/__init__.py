"""How well the built-in editor carries out what it is asked for: cases with programmatic checks, a report page, rivals."""
