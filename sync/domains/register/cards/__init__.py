"""The trust card: what hangs in a vehicle or on a driver, signed by the hub."""
