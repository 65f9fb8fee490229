"""The counter: selling by keyboard, cash for kiosk orders, looking tickets up, the day's takings."""
