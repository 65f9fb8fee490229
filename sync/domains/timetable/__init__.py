"""The timetable as it travels: GTFS, compiled into patterns, so that thousands of trips cost little."""
