"""One node: its database, its decisions, its HTTP API. Does its whole job with the hub away."""
