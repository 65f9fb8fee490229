"""The trip as it is driven: who drives, where it is, how late, and where it ends."""
