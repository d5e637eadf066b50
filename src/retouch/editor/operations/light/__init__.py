"""Light and weather: the time of day, the sky, fog, rain, snow, and lamps. ``change_light`` is the way in."""
