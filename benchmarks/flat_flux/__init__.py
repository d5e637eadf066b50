"""A tiny FLUX.1 Kontext checkpoint that is trained here, on flat pictures, so that its edits can be asserted."""
