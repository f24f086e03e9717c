"""What a user brings and takes away: images, pick tables, intervals, findings, files."""
