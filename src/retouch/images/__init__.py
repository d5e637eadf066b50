"""Pure pixels: decoding, geometry, colour, masks. No prompts, no models, no network."""
