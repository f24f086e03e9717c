"""Controlled studies: which setting is better, with everything else equal, and how sure that is."""
