"""Questions to the timetable whose answers take some looking."""
