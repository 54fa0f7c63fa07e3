"""Jobs: one queue for the network, and what is kept of them."""
