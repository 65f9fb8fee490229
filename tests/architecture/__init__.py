"""The laws of the house's shape. Each check is a function over text, shown to fail on a planted fault."""
