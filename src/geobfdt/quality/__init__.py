"""Checks of images, holes and picks: each returns findings and changes nothing."""
