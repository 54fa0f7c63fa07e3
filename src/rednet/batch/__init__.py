"""Folders: which inputs give which outputs, what is done already, and three steps that overlap."""
