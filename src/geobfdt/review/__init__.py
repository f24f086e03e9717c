"""The review screen: people accept, edit and add picks on the image."""
