"""Trains a RED-Net: recipe -> crops -> loop -> model folder. Needs `rednet[train]` (torch)."""
