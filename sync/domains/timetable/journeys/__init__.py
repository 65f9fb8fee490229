"""Journeys with changes, across operators: the network, and the search through it."""
