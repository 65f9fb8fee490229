"""What a node and the hub must agree on, and how they meet.

Nothing in here reads a clock, draws a random number, opens a file or a socket: the world comes in through
:mod:`sync.kernel.ports`. That is what lets the same code run in a process, in a test and in a simulation.
"""
