"""Other sellers: who may sell on whose account, what they booked, and what they owe."""
