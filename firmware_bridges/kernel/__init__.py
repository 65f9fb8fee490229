"""What every device family needs: settings, a durable outbox, an MQTT session, and the loop around them."""
