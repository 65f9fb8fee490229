"""Encoding, signing, chaining and exchange: what every domain stands on."""
