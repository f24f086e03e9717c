"""Training: windows of wells, augmentation, sources of windows, the training loop and calibration."""
