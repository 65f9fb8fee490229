"""What is left of a ride in other hands."""
