"""Real processes, killed at random moments under load, over a line that fails: what people were told must be there."""
