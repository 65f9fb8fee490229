"""A payment gateway to try things with: it keeps its books like a real one, and misbehaves when it is told to."""
