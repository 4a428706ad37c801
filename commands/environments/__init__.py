"""Environments with one version of a framework each, made once and kept."""
