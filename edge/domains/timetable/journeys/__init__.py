"""Journeys with changes, as this node can answer them: offline, from the timetables that it holds."""
