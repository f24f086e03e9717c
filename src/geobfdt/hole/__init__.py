"""Shape of the hole from the travel times of an acoustic televiewer."""
