"""Orders, sales, tickets, takings."""
