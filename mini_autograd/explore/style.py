"""How the course looks: one style for all figures, one colour for f and one for its derivative."""

STYLE = "mini_autograd.course"
_LETTERS = ["text.color", "axes.labelcolor", "xtick.color", "ytick.color"]
_GROUNDS = ["figure.facecolor", "savefig.facecolor", "axes.facecolor"]
# For what may stand on any page: black on white.
PAPER = [STYLE, dict.fromkeys(_LETTERS, "black") | dict.fromkeys(_GROUNDS, "white")]
# On the screen a figure of 72 dots an inch has a point to the pixel.
SCREEN = [*PAPER, {"font.size": 13}]

# Each stands out at least 4.2 to 1 from white and from JupyterLab's dark grey; blue and orange also
# differ for colour-blind readers, and never say anything alone.
FUNCTION, DERIVATIVE, QUIET, AGREEMENT = "#0A7EC2", "#C65800", "#808080", "#00875A"
INK = "currentColor"  # that of the page's text
TEXT = (
    "color:var(--jp-content-font-color1,inherit);font:13px var(--jp-ui-font-family,sans-serif);"
    "font-variant-numeric:tabular-nums"
)
