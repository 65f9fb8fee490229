"""Bridges between devices and their node: one folder a device family, one process a device, MQTT in between.

A bridge decides nothing about tickets. It keeps what its device saw until the node has it for good, and does
what the node commands once, in time, or not at all. The convention is :mod:`sync.kernel.devices`.
"""
