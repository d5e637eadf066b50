"""What the service adds to an edit, and how it behaves under more work than it can do. Talks to this machine alone."""
