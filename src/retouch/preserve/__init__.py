"""The untouched guarantee: outside the edit, the answer's pixels are the input's."""
