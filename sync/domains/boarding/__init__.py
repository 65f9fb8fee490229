"""Who got on, who was refused and why."""
