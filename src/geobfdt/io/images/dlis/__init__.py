"""DLIS (RP66 V1)."""
