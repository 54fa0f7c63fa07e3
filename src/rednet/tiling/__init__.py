"""Runs a network over a picture of any size: in bands, in tiles, in several orientations."""
