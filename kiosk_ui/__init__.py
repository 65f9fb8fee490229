"""The pages that people touch on a node: kiosk, counter, gate, portal and status. They ask the node and decide nothing."""
