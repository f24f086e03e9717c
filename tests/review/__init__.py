"""Tests of the review screen; a package, since they share drawn wells."""
