"""Breakouts and drilling-induced fractures: paired dark lobes and lines on opposite sides of the hole."""
