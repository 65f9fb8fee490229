"""Money that comes and goes by a payment gateway."""
