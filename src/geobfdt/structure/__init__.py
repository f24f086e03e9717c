"""Statistics of planes: mean orientations, sets, zones, intensity, spacing; knows tables and arrays only."""
