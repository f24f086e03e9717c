"""Readers of image files, pick tables and surveys. They never guess: every repair is a finding."""
