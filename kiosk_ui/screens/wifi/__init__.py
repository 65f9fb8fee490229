"""What phones ask by themselves when they join a WiFi, and the sheet that the answers open."""
