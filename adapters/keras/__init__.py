"""Keras on each of its backends, Keras 2 and its addons. To judge a layer of your own, extend `KerasAdapter`."""

from .adapter import KerasAdapter as KerasAdapter
