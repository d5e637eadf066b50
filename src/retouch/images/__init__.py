"""Pure pixels: decoding, geometry, color, masks. No prompts, no models, no network."""
