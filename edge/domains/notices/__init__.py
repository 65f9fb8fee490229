"""What an operator has to say to its passengers."""
