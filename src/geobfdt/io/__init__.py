"""Files in and out: images, pick tables and surveys of any known format."""
