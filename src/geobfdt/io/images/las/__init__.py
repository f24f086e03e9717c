"""Images in LAS 2.0 and 3.0."""
