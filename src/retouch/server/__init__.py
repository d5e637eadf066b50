"""The HTTP server: the wire protocols of hosted endpoints, in front of the queue."""
