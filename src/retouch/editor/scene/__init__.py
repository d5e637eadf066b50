"""What is in a picture: subject, regions, horizon, light. Computed once per picture, on demand."""
