"""A passenger buys alone, and pays the agent in cash."""
