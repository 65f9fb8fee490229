"""Phones on the WiFi of a vehicle: this trip, my ticket, rate this trip."""
