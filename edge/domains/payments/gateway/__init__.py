"""The other end of the line: questions to the gateway, and the rounds in which they are asked."""
