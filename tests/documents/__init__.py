"""Tests of README and documents; a package, since they share what finds code blocks."""
