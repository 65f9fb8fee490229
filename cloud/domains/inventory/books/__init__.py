"""How the hub keeps count of seats: cells, who holds them, what to grant, whom to ask, and the view of it all."""
