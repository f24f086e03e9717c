"""Scores of pick tables, each beside its chance level; this package imports no network."""
