"""The demo: one hub, four nodes and their devices on this machine, and the story that shows the promises kept."""
