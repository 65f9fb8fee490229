"""The first page of a box: where to go from here."""
