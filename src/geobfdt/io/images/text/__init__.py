"""Images in delimited text."""
