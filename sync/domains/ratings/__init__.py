"""What passengers say of a trip that they were on."""
