"""The steps. Each is written once and stays as it is: databases out there have gone through it."""
