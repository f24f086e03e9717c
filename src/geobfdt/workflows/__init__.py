"""What a command does from file to file; the command line, the review server and notebooks call it."""
