"""The register: operators, vehicles and ships, drivers and permits, as they were on any day."""
