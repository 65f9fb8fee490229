"""Who got on, and what the vehicles' boxes must know for it: duties and manifests."""
