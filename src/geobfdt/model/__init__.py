"""The networks: what sees planes in an image, how its answers are matched with the truth, and its loss."""
