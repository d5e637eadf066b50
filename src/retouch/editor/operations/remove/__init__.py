"""Taking things out of a picture: what belongs to a thing, what is to be seen in its place."""
