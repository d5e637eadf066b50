"""Cut-outs of things: names, sizes, packs, and objects that the project draws."""
