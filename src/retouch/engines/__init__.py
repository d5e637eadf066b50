"""Engines: whatever turns pictures and a prompt into an edited picture."""
