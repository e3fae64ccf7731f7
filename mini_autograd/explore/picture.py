"""Figures as files: small PNGs, and what a notebook stores of them."""

import base64
import io

from PIL import Image

WIDTH = 640  # in pixels
PLAIN = dict(parse_math=False)  # a $ in a name or a message is a $, and begins no formula


def small_png(figure):
    """The figure as the bytes of a PNG, the same bytes every time."""
    large = io.BytesIO()
    figure.savefig(large, format="png", metadata={"Software": None})
    return png(few_colors(Image.open(large).convert("RGB")), optimize=True)


def few_colors(image):
    """A figure needs no more than 256 colours, which take a third of the bytes."""
    return image.quantize(256, dither=Image.Dither.NONE)


def png(image, **options):
    """The image as the bytes of a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "png", **options)
    return buffer.getvalue()


def with_picture(bundle, png, width, text):
    """A widget's bundle and its metadata, with what a reader without a kernel gets instead."""
    picture = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
    return bundle | picture, {"image/png": {"width": width}}
