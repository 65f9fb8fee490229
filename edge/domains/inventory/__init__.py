"""The seats that this node may sell."""
