"""Who did not come, and who got off, as the boxes on the way said."""
