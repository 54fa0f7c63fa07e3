"""The models that come with rednet, and the format of a model folder."""
