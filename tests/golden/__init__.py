"""What once was written on the wire, and must be read for ever: one folder a version, never edited."""
