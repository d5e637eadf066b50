"""From a prompt to a typed plan. Knows words, not pixels."""
