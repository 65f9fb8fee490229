"""Trust cards: made, taken back, and what inspectors met."""
