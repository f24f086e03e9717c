"""The `curve` network: votes along traces, queries that follow them, its loss and its detection."""
