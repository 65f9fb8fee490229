"""Who is expected on a trip, who is aboard, who did not come and who got off."""
