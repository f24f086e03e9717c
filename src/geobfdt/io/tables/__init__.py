"""Readers of pick tables and surveys."""
