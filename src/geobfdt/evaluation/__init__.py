"""Scores that a blind picker could not earn. Knows tables, never networks."""
