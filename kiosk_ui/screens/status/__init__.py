"""How this box is: what it holds, what waits, what is wrong and what to do about it."""
