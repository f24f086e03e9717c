"""Scores of pick tables, each beside its chance level; this package knows tables, never networks."""
