"""The network of the paper: its architecture, its hints, the torch model, and the chain of convolutions in numpy."""
