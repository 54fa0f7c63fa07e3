"""Measuring a network by published protocols."""
