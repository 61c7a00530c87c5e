"""The page: the show in the hand, on a phone or a laptop, over a WebSocket."""

from .server import Page

__all__ = ["Page"]
