"""The open interface of sellers: shapes, errors, who calls and how often."""
