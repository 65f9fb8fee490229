"""Gates that cannot reach their node."""
