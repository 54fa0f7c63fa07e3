"""A network over a picture of any size: in bands that hand rows on, in tiles, in several orientations."""
