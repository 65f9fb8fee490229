"""The ticket on paper and its QR, shared by kiosk and counter."""
