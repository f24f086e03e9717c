"""Pictures: PNG, JPEG, TIFF and npz."""
