"""Wells with known truth, made from a seed: rock, tool, interpreter, field."""
