"""The running demo in a real browser, as its passengers, agents, inspectors and admins use it."""
