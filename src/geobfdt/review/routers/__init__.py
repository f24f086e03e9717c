"""Routes of the server, by subject; each module makes one router."""
