"""Picture to picture: engines, exact tiling, self-ensemble, and the restorer that joins them."""
