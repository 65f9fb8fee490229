"""Rules of the ticket office beside those of a sale."""
