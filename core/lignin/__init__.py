"""Lignin."""
