"""The network of the paper: its shape, what it is told, its torch form and its plain form in numpy."""
