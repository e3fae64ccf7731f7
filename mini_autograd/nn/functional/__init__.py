"""Activation functions, under PyTorch's names."""

from mini_autograd.nn.functional.squashing import sigmoid

__all__ = ["sigmoid"]
