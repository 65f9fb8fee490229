"""Who may sell which seat on which leg. The hub owns what it has not granted, and takes back only what is returned."""
