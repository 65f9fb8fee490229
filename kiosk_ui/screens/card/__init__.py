"""The trust card's page for any phone."""
