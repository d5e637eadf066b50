"""One file per kind of clause. A grammar reads a whole clause or nothing."""
