"""The hub: intake of the nodes' events, the seats that they may sell, the timetable, console and public API."""
