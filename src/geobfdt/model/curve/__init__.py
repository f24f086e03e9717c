"""The `curve` network: votes along traces, queries that are refined along them, loss and detection."""
