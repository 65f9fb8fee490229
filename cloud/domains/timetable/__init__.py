"""The hub's timetable: what feeds said, under numbers that never change hands, published to the nodes."""
