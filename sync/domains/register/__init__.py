"""Who may carry people: operators, vehicles and ships, drivers, permits, and the card that says so."""
