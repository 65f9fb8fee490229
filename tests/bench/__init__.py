"""Benchmarks: what a node and a hub do in a second, each beside the bare limit of the same machine in the same run."""
