"""What every domain of the hub stands on: database, streams, nodes, intake, accounts, settings."""
