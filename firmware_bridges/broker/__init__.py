"""The broker that a box, a demo or a test starts for itself."""
