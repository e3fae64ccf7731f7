"""Record the explorer of chapter 1 moving, for README.md: assets/moving.gif, and a still of it.

python tools/moving_picture.py    needs Playwright and a Chromium, as the browser tests do

The picture moves three times, for fifteen seconds in all, and stops as it began.
"""

import io
import math
import sys

from PIL import Image

from notebooks import ROOT

sys.path.insert(0, str(ROOT / "tests"))  # where Chromium is found and started

from conftest import launched  # noqa: E402
from live_page import page  # noqa: E402

NOTEBOOK, EXPLORER = "01_neuron.ipynb", "neuron"
FRAMES, PAUSE, LOOPS, COLORS = 24, 210, 3, 48  # PAUSE in milliseconds
WIDTH = 920


def settings(share: float) -> dict[str, float]:
    """Where the sliders stand after this share of a loop, which ends where it begins."""
    turn = 2 * math.pi * share
    return {"alpha": 1.7 - 0.7 * math.cos(turn), "beta": 1.2 * math.sin(turn), "cursor": 1.0}


def frames() -> list[Image.Image]:
    """The explorer in a page, once for each setting of the sliders."""
    with launched() as browser:
        shown = browser.new_page(viewport={"width": WIDTH + 400, "height": 900})
        shown.set_content(page(ROOT / "notebooks" / NOTEBOOK))
        explorer = shown.locator(".ma", has=shown.locator(f"svg[aria-label^='{EXPLORER}']")).first
        explorer.evaluate("(place, width) => { place.style.width = `${width}px`; }", WIDTH)
        pictures = []
        for i in range(FRAMES):
            explorer.evaluate("(place, to) => place.live.set(to)", settings(i / FRAMES))
            shown.wait_for_timeout(60)  # the next frame
            pictures.append(Image.open(io.BytesIO(explorer.screenshot())).convert("RGB"))
    return pictures


def main() -> None:
    pictures = frames()
    palette = pictures[0].quantize(COLORS, dither=Image.Dither.NONE)
    first, *rest = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures)
    first.save(ROOT / "assets" / "explorer.png", optimize=True)
    look = dict(duration=PAUSE, loop=LOOPS - 1, optimize=True)
    first.save(ROOT / "assets" / "moving.gif", save_all=True, append_images=rest, **look)


if __name__ == "__main__":
    main()
