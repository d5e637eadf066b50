"""One file per verb: each takes the stage and a typed operation, and returns the stage after it."""
