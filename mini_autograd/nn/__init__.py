"""Neural networks: activation functions for now."""

from mini_autograd.nn import functional

__all__ = ["functional"]
