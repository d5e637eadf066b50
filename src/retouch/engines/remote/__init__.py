"""The engine "remote": another image server, or a hosted API, makes the edit; what it did not mean to touch is restored here."""
