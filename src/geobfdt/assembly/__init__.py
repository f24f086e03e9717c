"""From the buttons of a pad tool to an oriented image."""
