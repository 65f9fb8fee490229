"""The timetable as this node holds it."""
