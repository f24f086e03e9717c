"""The classical picker: oriented evidence, a Hough transform for sinusoids, and classes by appearance."""
