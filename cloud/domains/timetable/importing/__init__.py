"""A compiled feed becomes rows and operations: what is new, what changed, what must stay because it was sold."""
