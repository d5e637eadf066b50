"""Where results and waiting inputs are kept: a local folder."""
