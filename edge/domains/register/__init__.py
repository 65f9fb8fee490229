"""What the hub's register says of who runs, drives and carries, and cards that are shown."""
