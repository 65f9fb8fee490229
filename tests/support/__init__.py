"""What tests stand on: a PostgreSQL server, a browser, a broker, free ports, and the shared data folder."""
