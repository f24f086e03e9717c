"""What planes say of the rock: mean orientations, sets, intensity, spacing. Knows tables and arrays only."""
