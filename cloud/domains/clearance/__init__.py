"""What stations said of vehicles that left, and what piers and ferries counted."""
