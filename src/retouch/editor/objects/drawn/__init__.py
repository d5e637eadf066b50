"""Objects that the project draws itself: small three-dimensional scenes, ray marched at the size that is needed."""
