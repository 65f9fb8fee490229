"""What passengers say, taken on the box."""
