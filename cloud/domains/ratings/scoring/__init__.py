"""What many ratings make: scores by operator, line, vehicle, driver and month."""
