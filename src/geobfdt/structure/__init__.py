"""Statistics of planes from tables and arrays: mean orientations, sets, zones, intensity, spacing."""
