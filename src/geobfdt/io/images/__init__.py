"""Readers of images: one module or folder a format, which hand a RawImage to `assemble`."""
