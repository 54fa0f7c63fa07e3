"""The models that rednet ships, and how a model is kept in a folder."""
