"""A trip goes to another box in the middle of its way."""
