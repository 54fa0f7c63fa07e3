"""Training a RED-Net: recipe -> patches -> loop -> weights -> exported model. Needs `rednet[train]` (torch)."""
