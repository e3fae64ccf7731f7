"""Draw the poster of all activation functions: python tools/poster.py

It writes assets/poster.png and assets/poster.pdf, A3 landscape, the same bytes every time. Curves,
slopes and papers come from the package, and no curve is drawn whose gradient fails the check.
"""

import re
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.style import context
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mini_autograd import softmax, tensor  # noqa: E402
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, PAPER  # noqa: E402
from mini_autograd.gradcheck import gradcheck  # noqa: E402
from mini_autograd.nn import functional as F  # noqa: E402

MM = 1 / 25.4  # in inches
WIDTH, HEIGHT = 420 * MM, 297 * MM
COLUMNS, ROWS = 5, 5
MARGIN, TOP, BOTTOM, GAP = 13 * MM, 32 * MM, 15 * MM, 5 * MM
INK, GREY, OTHERS, RULE = "#1b1b1b", "#555555", "#a9a9a9", "#c4c4c4"
DOTS = 170  # an inch, in the PNG

FONT = {
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "figure.constrained_layout.use": False,
    "text.color": INK,
}

# Told apart by their names first; the colours differ for colour-blind readers, too.
FAMILIES = {
    "squashing": ("chapter 5", "#332288"),
    "rectifiers": ("chapters 6, 7", "#117733"),
    "exponential tails": ("chapter 8", "#AA4499"),
    "smooth ReLUs": ("chapter 9", "#997700"),
    "gates": ("chapter 10", "#CC3311"),
    "smooth maximum": ("chapter 11", "#007788"),
    "softmax": ("chapter 12", "#555555"),
}


class Entry(NamedTuple):
    """One function: what is drawn, and what stands beside it."""

    family: str
    name: str
    f: object  # of the package; its docstring names the paper
    formula: str
    range: str
    needs: str  # the costly operations of one value
    drawn: dict = {}  # the parameters of the curve, and those of the grey curves
    others: tuple = ()
    kinks: tuple = ()
    zoom: float = 1.0
    lowest: float = -1.5  # where the y axis begins
    smooth: str = "none"  # what to say if the curve drawn has no kink
    paper: str = ""  # in place of the docstring's


def first_of_two(x, T=1.0):
    """The first probability of a softmax over the scores x and 0."""
    scores = x.reshape((-1, 1)) * np.array([1.0, 0.0])
    return softmax(scores / T, 1)[:, 0]


first_of_two.__doc__ = softmax.__doc__

ENTRIES = [
    Entry("squashing", "sigmoid", F.sigmoid, r"$1\,/\,(1 + e^{-x})$", "(0, 1)", "1 exp",
          paper="As a law of growth: Verhulst (1838)"),
    Entry("squashing", "logsigmoid", F.logsigmoid, r"$-\ln(1 + e^{-x})$", "(−∞, 0)",
          "1 exp, 1 log", lowest=-3.5, paper="The logarithm of the sigmoid"),
    Entry("squashing", "tanh", F.tanh, r"$(e^x - e^{-x})\,/\,(e^x + e^{-x})$", "(−1, 1)",
          "1 tanh", lowest=-2.25, paper="Advised by LeCun, Bottou, Orr, Müller (1998)"),
    Entry("squashing", "scaled_tanh", F.scaled_tanh, r"$\alpha\,\tanh(\beta x)$", "(−α, α)",
          "1 tanh", dict(alpha=1.7159, beta=2 / 3), (dict(alpha=1.0), dict(beta=2.0)),
          lowest=-2.25),
    Entry("squashing", "hardtanh", F.hardtanh, r"$\min(\max(x, -1), 1)$", "[−1, 1]",
          "2 comparisons", kinks=(-1, 1), lowest=-2.25),
    Entry("squashing", "hardsigmoid", F.hardsigmoid, r"$\min(\max(x + 3, 0), 6)\,/\,6$", "[0, 1]",
          "2 comparisons", kinks=(-3, 3)),
    Entry("squashing", "softsign", F.softsign, r"$x\,/\,(1 + |x|)$", "(−1, 1)", "1 division",
          lowest=-2.25),
    Entry("rectifiers", "relu", F.relu, r"$\max(x, 0)$", "[0, ∞)", "1 comparison", kinks=(0,)),
    Entry("rectifiers", "relu6", F.relu6, r"$\min(\max(x, 0), 6)$", "[0, 6]", "2 comparisons",
          kinks=(0, 6), zoom=2.0, lowest=-2.0),
    Entry("rectifiers", "leaky_relu", F.leaky_relu, r"$x$ if $x > 0$, else $\alpha x$", "(−∞, ∞)",
          "2 comparisons", dict(negative_slope=0.1),
          (dict(negative_slope=0.01), dict(negative_slope=0.3)), kinks=(0,)),
    Entry("rectifiers", "prelu", F.prelu, r"$x$ if $x > 0$, else $\alpha x$, with $\alpha$ learned",
          "(−∞, ∞)", "2 comparisons", dict(weight=0.25), (dict(weight=0.0), dict(weight=0.5)),
          kinks=(0,)),
    Entry("rectifiers", "rrelu", F.rrelu, r"$x$ if $x > 0$, else $a x$, with $a$ random",
          "(−∞, ∞)", "2 comparisons,\na random draw", {},
          (dict(lower=1 / 8, upper=1 / 8), dict(lower=1 / 3, upper=1 / 3)), kinks=(0,)),
    Entry("exponential tails", "elu", F.elu, r"$x$ if $x > 0$, else $\alpha\,(e^x - 1)$", "(−α, ∞)",
          "1 exp", dict(alpha=1.0), (dict(alpha=0.5), dict(alpha=2.0)), lowest=-2.0,
          smooth="none for α = 1"),
    Entry("exponential tails", "celu", F.celu, r"$x$ if $x > 0$, else $\alpha\,(e^{x/\alpha} - 1)$",
          "(−α, ∞)", "1 exp", dict(alpha=1.0), (dict(alpha=0.5), dict(alpha=2.0)), lowest=-2.0),
    Entry("exponential tails", "selu", F.selu,
          r"$1.0507\,x$ if $x > 0$, else $1.7581\,(e^x - 1)$", "(−1.758, ∞)", "1 exp", kinks=(0,),
          lowest=-2.0),
    Entry("smooth ReLUs", "softplus", F.softplus, r"$\ln(1 + e^{\beta x})\,/\,\beta$", "(0, ∞)",
          "1 exp, 1 log", dict(beta=1.0), (dict(beta=0.5), dict(beta=4.0))),
    Entry("smooth ReLUs", "squareplus", F.squareplus, r"$(x + \sqrt{x^2 + b}\,)\,/\,2$", "(0, ∞)",
          "1 root", dict(b=4.0), (dict(b=0.25), dict(b=16.0))),
    Entry("gates", "swish", F.swish, r"$x\,\sigma(\beta x)$", "[−0.278 / β, ∞)", "1 exp",
          dict(beta=1.0), (dict(beta=0.3), dict(beta=4.0))),
    Entry("gates", "silu", F.silu, r"$x\,\sigma(x)$, the swish of $\beta = 1$", "[−0.278, ∞)",
          "1 exp"),
    Entry("gates", "gelu", F.gelu, r"$x\,P(Z \leq x)$, $Z$ standard normal", "[−0.170, ∞)",
          "1 erfc"),
    Entry("gates", "mish", F.mish, r"$x\,\tanh(\ln(1 + e^x))$", "[−0.309, ∞)", "1 exp"),
    Entry("gates", "hardswish", F.hardswish, r"$x\,\min(\max(x + 3, 0), 6)\,/\,6$", "[−0.375, ∞)",
          "2 comparisons", kinks=(-3, 3)),
    Entry("smooth maximum", "smu", F.smu,
          r"$\frac{1}{2}\,(1{+}\alpha)x + \frac{1}{2}(1{-}\alpha)x"
          r"\;\mathrm{erf}(\mu(1{-}\alpha)x)$",
          "(−∞, ∞)", "1 erfc", dict(alpha=0.25, mu=1.0), (dict(mu=0.4), dict(mu=8.0))),
    Entry("smooth maximum", "smu1", F.smu1,
          r"$\frac{1}{2}\,(1{+}\alpha)x + \frac{1}{2}\sqrt{((1{-}\alpha)x)^2 + \mu^2}$",
          "(−∞, ∞)", "1 root", dict(alpha=0.25, mu=1.0), (dict(mu=0.0), dict(mu=3.0))),
    Entry("softmax", "softmax", first_of_two,
          r"$e^{x_i/T}\,/\,(e^{x_1/T} + \dots + e^{x_n/T})$", "(0, 1)", "n exp",
          dict(T=1.0), (dict(T=0.3), dict(T=3.0))),
]  # fmt: skip

# Well-known models that have it; the chapters' sections "Where you meet it" say where, and why.
MET = {
    "sigmoid": "LSTM and GRU",
    "logsigmoid": "SigLIP, DPO",
    "tanh": "LSTM, DCGAN",
    "hardsigmoid": "MobileNetV3",
    "relu": "ResNets,\nAlexNet",
    "relu6": "MobileNetV2",
    "leaky_relu": "DCGAN,\nStyleGAN",
    "prelu": "MTCNN,\nArcFace",
    "elu": "EnCodec,\nDreamerV2",
    "celu": "TorchANI",
    "softplus": "Mamba,\nDeepAR",
    "silu": "EfficientNet,\nDDPM",
    "gelu": "BERT, ViT,\nGPT-2",
    "mish": "YOLOv4",
    "hardswish": "MobileNetV3",
    "softmax": "attention,\nAlexNet",
}

SYMBOLS = dict(alpha="α", beta="β", mu="μ", negative_slope="α", weight="α")


def value_and_slope(f, x):
    """f and f' at the points x, as arrays."""
    x = tensor(np.array(x, float), requires_grad=True)
    y = f(x)
    y.backward(np.ones(x.shape))
    return y.numpy(), x.grad.numpy()


def number(value):
    """At most three decimals and a true minus sign; what rounds to 0 has no sign."""
    return f"{round(value, 3) + 0.0:.4g}".replace("-", "−")


def facts(entry, f):
    """What stands beside the curves: pairs of a word and its text."""
    _, slopes = value_and_slope(f, np.linspace(-60, 60, 120_001))
    kinks = [f"{number(x)} (slope {number(value_and_slope(f, [x])[1][0])})" for x in entry.kinks]
    yield "range", entry.range
    yield "slope", f"{number(slopes.min())} to {number(slopes.max())}"
    yield "kinks", "\n".join(kinks) or entry.smooth
    yield "needs", entry.needs
    if entry.drawn:
        texts = [f"{SYMBOLS.get(key, key)} = {number(value)}" for key, value in entry.drawn.items()]
        yield "drawn", "\n".join(texts)
    if entry.name in MET:
        yield "in", MET[entry.name]


def paper(entry):
    """Who proposed it, as the docstring has it."""
    found = re.search(r"Reference: (.*?\(\d{4}\))", entry.f.__doc__, re.DOTALL)
    return entry.paper or " ".join(found[1].split())


def draw_curves(ax, entry, f):
    """f, f' and f for other parameters: all on one scale, but for zoomed ones."""
    reach, highest = 4 * entry.zoom, entry.lowest + 4.5 * entry.zoom
    x = np.linspace(-reach, reach, 1601) + 1e-9  # beside the kinks, never on them
    for change in entry.others:
        y, _ = value_and_slope(partial(entry.f, **(entry.drawn | change)), x)
        ax.plot(x, y, "-", color=OTHERS, lw=1.1)
    y, slope = value_and_slope(f, x)
    jumps = np.abs(np.diff(slope, append=slope[-1])) > 0.05
    ax.plot(x, np.where(jumps, np.nan, slope), color=DERIVATIVE, lw=1.5, ls=(0, (4, 1.6)))
    ax.plot(x, y, "-", color=FUNCTION, lw=2.2)
    for kink in entry.kinks:
        _, slope = value_and_slope(f, [kink])
        ax.plot(kink, slope, "o", color=DERIVATIVE, ms=4.2, mec="white", mew=0.8)
    heights = np.arange(-4, 8) * entry.zoom
    ax.set(
        xlim=(-reach, reach),
        ylim=(entry.lowest, highest),
        xticks=np.array([-2, 2]) * entry.zoom,
        yticks=heights[(heights >= entry.lowest) & (heights <= highest)],
        facecolor="none",
    )
    ax.axhline(0, color=GREY, lw=0.6, ls="-", zorder=0)
    ax.axvline(0, color=GREY, lw=0.6, ls="-", zorder=0)
    ax.tick_params(labelsize=6.5, length=0, pad=1.5, labelcolor=GREY)
    ax.spines[:].set_visible(False)
    ax.grid(color=RULE, lw=0.5, alpha=1)


def draw_tile(figure, entry, left, top, width, height):
    """One function, in a tile whose top left corner is given in inches."""

    def at(x, y):
        """Fractions of the page, from inches to the right of the corner and below it."""
        return (left + x) / WIDTH, 1 - (top + y) / HEIGHT

    f = partial(entry.f, **entry.drawn)
    gradcheck(f, np.array([-7.1, -2.2, -0.6, 0.4, 1.7, 7.3]))
    chapter, color = FAMILIES[entry.family]
    figure.add_artist(Line2D(*zip(at(0, 0), at(width, 0), strict=True), color=color, lw=2.2))
    figure.text(*at(0, 4.6 * MM), entry.name, size=13, weight="bold")
    label = f"{entry.family} · {chapter}"
    figure.text(*at(width, 4.4 * MM), label, size=7.5, color=color, ha="right")
    figure.text(*at(0, 10.3 * MM), entry.formula, size=9.5)
    figure.text(*at(0, height), paper(entry), size=7.5, style="italic")

    box = 36 * MM / WIDTH, (height - 20.5 * MM) / HEIGHT
    draw_curves(figure.add_axes((*at(4 * MM, height - 7.5 * MM), *box)), entry, f)
    y = 15.2 * MM
    for word, text in facts(entry, f):
        figure.text(*at(43.5 * MM, y), word, size=7.5, color=GREY)
        for line in text.split("\n"):
            figure.text(*at(53 * MM, y), line, size=7.5)
            y += 3.4 * MM
        y += 0.9 * MM


def draw():
    """The whole page."""
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    left = MARGIN / WIDTH
    title = "Activation functions, from the inside"
    figure.text(left, 1 - 17 * MM / HEIGHT, title, size=32, weight="bold")
    text = (
        "Twenty-five functions, each with its derivative, by the package that the course builds. "
        "Every derivative drawn here has passed the gradient check."
    )
    figure.text(left, 1 - 25 * MM / HEIGHT, text, size=11, color=GREY)
    figure.legend(
        handles=[
            Line2D([], [], color=FUNCTION, lw=2.8, label="the function $f$"),
            Line2D([], [], color=DERIVATIVE, lw=2.2, ls=(0, (3, 1.2)), label="its derivative $f'$"),
            Line2D([], [], color=DERIVATIVE, marker="o", ms=6, lw=0, label="its value at a kink"),
            Line2D([], [], color=OTHERS, lw=1.6, label="$f$ for other parameters"),
        ],
        loc="upper right",
        bbox_to_anchor=(1 - left, 1 - 9.5 * MM / HEIGHT),
        ncols=2,
        fontsize=10,
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.6,
    )
    width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
    height = (HEIGHT - TOP - BOTTOM - (ROWS - 1) * GAP) / ROWS
    for i, entry in enumerate(ENTRIES):
        row, column = divmod(i, COLUMNS)
        corner = MARGIN + column * (width + GAP), TOP + row * (height + GAP)
        draw_tile(figure, entry, *corner, width, height)
    text = (
        "σ is the sigmoid, P a probability. All plots have one scale, relu6 excepted. The softmax "
        "is that of the scores x and 0. Slopes are those of the curve drawn. “needs” names the "
        "costly operations of one value, “in” a model that has it."
    )
    figure.text(left, 7.5 * MM / HEIGHT, text, size=8.5, color=GREY)
    return figure


def main():
    png, pdf = ROOT / "assets" / "poster.png", ROOT / "assets" / "poster.pdf"
    with context(PAPER), rc_context(FONT):
        figure = draw()
        figure.savefig(pdf, metadata={"CreationDate": None, "Producer": None})
        figure.savefig(png, dpi=DOTS, metadata={"Software": None})
    image = Image.open(png).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    image.save(png, "png", optimize=True, dpi=(DOTS, DOTS))


if __name__ == "__main__":
    main()
