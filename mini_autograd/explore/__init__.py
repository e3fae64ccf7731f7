"""The lens of the course: explorers, predictions, exercise checks, drawings, the style of figures.

It imports the engine, never the reverse. Whatever makes tensors takes their class as an argument,
since a chapter may have built its own.
"""

from mini_autograd.explore.drawing import draw
from mini_autograd.explore.exercise import check
from mini_autograd.explore.explorer import explore
from mini_autograd.explore.graph import walk
from mini_autograd.explore.listing import program_view
from mini_autograd.explore.prediction import predict
from mini_autograd.explore.progress_bar import progress
from mini_autograd.explore.scenes import scene
