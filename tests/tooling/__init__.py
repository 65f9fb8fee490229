"""What stands behind `./yipiao check` and `./yipiao test`."""
