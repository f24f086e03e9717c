"""The review screen: look at picks on the image, decide, and hand the decisions on."""
