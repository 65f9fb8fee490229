"""Whether a vehicle may leave the station: checked, written down, signed."""
