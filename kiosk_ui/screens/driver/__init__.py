"""The driver's page: one large button for what comes next, everything else below it."""
