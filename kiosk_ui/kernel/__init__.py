"""What every screen stands on: language, formats, forms, sign-in, protection and errors."""
