"""Keeping a model deployable: the gate that it passes, retraining as wells arrive."""
