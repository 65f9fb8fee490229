"""What passengers said of their trips."""
