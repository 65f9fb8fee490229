"""Tickets and slips as PDF, drawn by a process of its own: what is on a sheet, the press that runs it, the drawing itself."""
