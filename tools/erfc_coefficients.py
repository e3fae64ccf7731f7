"""Print the coefficients of erfc in mini_autograd/explore/front/mini-autograd/live.js.

erfc(x) * exp(x * x) * (1 + 2 * x) stays near 1, and as a series of Chebyshev polynomials in
t = (x - 4) / (x + 4), which goes from -1 to 1 as x goes from 0 to infinity, it needs few terms.
mpmath finds them, each right to the last digit of float64.
"""

import mpmath

TERMS = 24


def scaled_erfc(t):
    if t == 1:
        return 2 / mpmath.sqrt(mpmath.pi)
    x = 4 * (1 + t) / (1 - t)
    return mpmath.erfc(x) * mpmath.exp(x * x) * (1 + 2 * x)


def coefficients(terms=TERMS, points=200):
    """The first terms of the series; the first of all is halved, as it is summed."""
    with mpmath.workdps(40):
        angles = [mpmath.pi * (i + mpmath.mpf(1) / 2) / points for i in range(points)]
        values = [scaled_erfc(mpmath.cos(angle)) for angle in angles]
        pairs = list(zip(values, angles, strict=True))
        products = [[v * mpmath.cos(k * angle) for v, angle in pairs] for k in range(terms)]
        sums = [2 * sum(row) / points for row in products]
        return [float(sums[0] / 2), *map(float, sums[1:])]


if __name__ == "__main__":
    print(*coefficients(), sep=",\n")
