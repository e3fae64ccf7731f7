"""A line of progress for long work."""

import sys

from tqdm import tqdm


def progress(steps, description=None):
    """The same steps, with a line below the cell that says how far they are, and goes when done.

    The line has no times in it and one width, so that what is left of it in a committed notebook,
    blanks, is the same for everyone. Print after the loop, not in it.
    """
    return tqdm(steps, description, leave=False, file=sys.stdout, bar_format="{l_bar}{bar:40}|")
