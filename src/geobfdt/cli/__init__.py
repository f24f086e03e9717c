"""The command line: one thin file a verb. It parses, calls the library, prints."""
