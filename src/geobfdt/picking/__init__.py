"""From an image to a pick table."""
