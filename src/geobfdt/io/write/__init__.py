"""Writers: pick tables and images in the formats of other packages."""
