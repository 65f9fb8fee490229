"""Gates. Here: one that exists in software only and counts its openings."""
