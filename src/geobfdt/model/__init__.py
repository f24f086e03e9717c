"""The networks that find planes in an image, their losses, model bundles and the registry."""
