"""The ticket office: what may be done with a ticket after its sale."""
