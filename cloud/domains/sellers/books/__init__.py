"""What the hub keeps of sellers: accounts and keys, bookings, answers, statements."""
