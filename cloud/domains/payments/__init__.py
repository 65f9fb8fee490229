"""What nodes took and gave back through a payment gateway, and how that stands beside the gateway's own statement."""
