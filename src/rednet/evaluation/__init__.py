"""Measures networks and classical methods by published protocols."""
