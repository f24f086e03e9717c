"""Turning an image into what a picker reads: normalisation, gap fill, and the audit of picks against image."""
