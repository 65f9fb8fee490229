"""What every domain of a node stands on."""
