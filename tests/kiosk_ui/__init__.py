"""The pages of a node, asked as a browser asks them, on a real node."""
