"""Controlled studies: which setting is better, with everything else equal, and with what uncertainty."""
