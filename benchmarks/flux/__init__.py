"""How fast FLUX.1 Kontext runs on a machine, with random weights: what the numbers are does not depend on them."""
