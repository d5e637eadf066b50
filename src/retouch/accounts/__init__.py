"""Who uses the service: keys, what each may do, and what it costs them."""
