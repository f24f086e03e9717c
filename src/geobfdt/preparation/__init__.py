"""Preparation of images for pickers: normalisation, gaps, grids, strips and image features."""
