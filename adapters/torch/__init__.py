"""PyTorch: its modules and its functions. To judge a layer of your own, extend `TorchAdapter`."""

from .adapter import TorchAdapter as TorchAdapter
