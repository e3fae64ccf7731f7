"""How many digits are right? Every activation and its derivative against mpmath, in ulp.

`python -m benchmarks.accuracy [points]` prints the worst errors over hard and random inputs, beside
those of PyTorch and JAX where they are installed. The goal: 8 ulp * max(1, kappa), where kappa ulp
is what one rounding of x and of the parameters already costs; 4 ulp whatever kappa where `flat`
says so. In float32 half as much again: NumPy's own exp may be 2.5 ulp off there.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

import mini_autograd.nn.functional as F
from mini_autograd import tensor

mp.dps = 60


def s(x):
    return 1 / (1 + mp.exp(-x))


def soft(x):
    return mp.log1p(mp.exp(-abs(x))) + max(x, 0)


def root(x, b):
    return mp.sqrt(x * x + b)


def squareplus(x, b):
    return (root(x, b) + x) / 2 if x > 0 else b / 2 / (root(x, b) - x)


def erfc(x):
    """mpmath's fails where it is 0 or 2 to any number of digits that matters here."""
    return mp.erfc(x) if abs(x) < 1e5 else mpf(1 - mp.sign(x))


def phi(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def gate(x):
    return erfc(-x / mp.sqrt(2)) / 2


def tanh_gate(x):
    return mp.sqrt(8 / mp.pi) * (x + mpf("0.044715") * x**3)


def tanh_gate_slope(x):
    return mp.sqrt(8 / mp.pi) * (1 + 3 * mpf("0.044715") * x * x)


SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_SCALE = mpf("1.0507009873554804934193349852946")


@dataclass
class Case:
    """A function of x and parameters: ours, its value and derivative in mpmath, and the goal."""

    name: str
    value: Callable
    derivative: Callable
    parameters: tuple = ()
    flat: bool = False  # the goal is 4 ulp, whatever kappa
    largest_term: Callable = lambda x, *_: mpf(0)  # of a value that has a root
    others: tuple = ()  # how to call PyTorch and JAX, if their names or arguments differ

    def __str__(self):
        return f"{self.name}({', '.join(['x', *(f'{p:.4g}' for p in self.parameters)])})"

    def ours(self, x):
        return getattr(F, self.name.replace("gelu_tanh", "gelu"))(x, *self.arguments)

    @property
    def arguments(self):
        return ("tanh",) if self.name == "gelu_tanh" else self.parameters


CASES = [
    Case("sigmoid", s, lambda x: s(x) * s(-x), flat=True),
    Case("logsigmoid", lambda x: -soft(-x), lambda x: s(-x), flat=True),
    Case("tanh", mp.tanh, lambda x: mp.sech(x) ** 2, flat=True),
    Case(
        "scaled_tanh",
        lambda x, a, b: a * mp.tanh(b * x),
        lambda x, a, b: a * b * mp.sech(b * x) ** 2,
        (1.7159, 2 / 3),
    ),
    Case(
        "hardtanh", lambda x, a, b: min(max(x, a), b), lambda x, a, b: mpf(a < x < b), (-1.0, 1.0)
    ),
    Case("hardsigmoid", lambda x: min(max(x + 3, 0), 6) / 6, lambda x: mpf(-3 < x < 3) / 6),
    Case("softsign", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    Case("relu", lambda x: max(x, mpf(0)), lambda x: mpf(x > 0)),
    Case("relu6", lambda x: min(max(x, mpf(0)), mpf(6)), lambda x: mpf(0 < x < 6)),
    Case(
        "leaky_relu",
        lambda x, a: x if x > 0 else a * x,
        lambda x, a: mpf(1) if x > 0 else a,
        (0.01,),
    ),
    Case(
        "rrelu",
        lambda x: x if x > 0 else 11 * x / 48,
        lambda x: mpf(1 if x > 0 else 11) / (1 if x > 0 else 48),
    ),
    *[
        Case(
            "elu",
            lambda x, a: x if x > 0 else a * mp.expm1(x),
            lambda x, a: mpf(1) if x > 0 else a * mp.exp(x),
            (alpha,),
            flat=True,
        )
        for alpha in (1.0, 0.3)
    ],
    *[
        Case(
            "celu",
            lambda x, a: x if x > 0 else a * mp.expm1(x / a),
            lambda x, a: mpf(1) if x > 0 else mp.exp(x / a),
            (alpha,),
            flat=alpha == 1,
        )
        for alpha in (1.0, 0.3)
    ],
    Case(
        "selu",
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)),
        lambda x: SELU_SCALE * (1 if x > 0 else SELU_ALPHA * mp.exp(x)),
        flat=True,
    ),
    *[
        Case("softplus", lambda x, b: soft(b * x) / b, lambda x, b: s(b * x), (beta,), beta == 1)
        for beta in (1.0, 5.0, 0.3)
    ],
    *[
        Case(
            "squareplus", squareplus, lambda x, b: squareplus(x, b) / root(x, b), (b,), flat=b == 4
        )
        for b in (4.0, 0.3)
    ],
    Case(
        "erf",
        lambda x: 1 - erfc(x) if abs(x) > 1 else mp.erf(x),
        lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    ),
    Case("erfc", erfc, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)),
    *[
        Case(
            "swish",
            lambda x, b: x * s(b * x),
            lambda x, b: s(b * x) + b * x * s(b * x) * s(-b * x),
            (beta,),
        )
        for beta in (1.0, 5.0, 0.3, -1.0, 0.0)
    ],
    Case("silu", lambda x: x * s(x), lambda x: s(x) + x * s(x) * s(-x)),
    Case("gelu", lambda x: x * gate(x), lambda x: gate(x) + x * phi(x)),
    Case(
        "gelu_tanh",
        lambda x: x * s(tanh_gate(x)),
        lambda x: s(tanh_gate(x)) * (1 + x * s(-tanh_gate(x)) * tanh_gate_slope(x)),
    ),
    Case(
        "mish",
        lambda x: x * mp.tanh(soft(x)),
        lambda x: mp.tanh(soft(x)) + x * s(x) * mp.sech(soft(x)) ** 2,
    ),
    Case(
        "hardswish",
        lambda x: x * min(max(x + 3, 0), 6) / 6,
        lambda x: (x > -3) * (2 * x + 3) / 6 if x < 3 else mpf(1),
    ),
    *[
        Case(
            "smu",
            lambda x, a, m: a * x + (1 - a) * x * erfc(-m * (1 - a) * x) / 2,
            lambda x, a, m: (
                a
                + (1 - a) * erfc(-m * (1 - a) * x) / 2
                + (1 - a) ** 2 * m * x * mp.exp(-((m * (1 - a) * x) ** 2)) / mp.sqrt(mp.pi)
            ),
            (alpha, mu),
            flat=(alpha, mu) == (0.25, 1.0),
        )
        for alpha, mu in ((0.25, 1.0), (0.25, 10.0), (0.01, 1.0), (0.0, 1e6))
    ],
    *[
        Case(
            "smu1",
            lambda x, a, m: a * x + squareplus((1 - a) * x, m * m),
            lambda x, a, m: a + (1 - a) * squareplus((1 - a) * x, m * m) / root((1 - a) * x, m * m),
            (alpha, mu),
            flat=True,
            largest_term=lambda x, a, m: abs(a * x),
        )
        for alpha, mu in ((0.25, 1.0), (0.25, 0.01), (0.0, 1.0))
    ],
]

HARD = [0.0, 1e-10, 1e-3, 1.0, 3.0, 6.0, 20.0, 40.0, 700.0, 1000.0, 1e10]
EXTREME = {np.float64: 1e300, np.float32: 1e30}


def inputs(dtype, points, seed=0):
    """Hard numbers of either sign, and random ones: near 0, in the tails, of every magnitude."""
    random, extreme = np.random.default_rng(seed), EXTREME[dtype]
    hard = np.array([*HARD, extreme, 1 / extreme])
    n = points // 4
    magnitudes = np.log10(extreme)
    x = np.concatenate(
        [
            hard,
            -hard,
            random.normal(size=n) * 3,
            random.uniform(-45, 45, n),
            random.uniform(-800, 800, n) if dtype is np.float64 else random.uniform(-95, 95, n),
            10 ** random.uniform(-magnitudes, magnitudes, n) * random.choice([-1, 1], n),
        ]
    )
    return x.astype(dtype)


def reference(case, x):
    """Per input: true value, its kappa, the largest term; true derivative, its kappa. As arrays."""
    rows = [_reference(case, mpf(float(v))) for v in x]
    return [np.array(column, dtype=object) for column in zip(*rows, strict=True)]


def _reference(case, x):
    theta = [mpf(p) for p in case.parameters]
    value, derivative = case.value(x, *theta), case.derivative(x, *theta)
    term = case.largest_term(x, *theta)
    return (
        value,
        _kappa(case.value, value, x, theta),
        term,
        derivative,
        _kappa(case.derivative, derivative, x, theta),
    )


def _kappa(f, y, x, theta):
    """(|x df/dx| + |theta df/dtheta|) / |f|, by moving each argument by a factor of 1 + 1e-25."""
    if y == 0:
        return mpf(0)
    arguments, total, nudge = [x, *theta], mpf(0), 1 + mpf("1e-25")
    for i, a in enumerate(arguments):
        moved = arguments.copy()
        moved[i] = a * nudge
        total += abs((f(*moved) - y) / y) * mpf("1e25")
    return total


def ulps(found, true, dtype, term=None):
    """|found - true| in units of the last place of true (or of a larger term); 0 below 1e-290."""
    smallest = 1e-290 if dtype is np.float64 else 1e-30
    errors = []
    for i, (a, t) in enumerate(zip(found, true, strict=True)):
        size = max(abs(t), term[i] if term is not None else 0)
        if abs(t) < smallest or size > np.finfo(dtype).max:
            errors.append(0.0 if abs(mpf(float(a)) - t) <= smallest or size > smallest else np.inf)
            continue
        unit = mpf(float(np.spacing(dtype(float(size)))))
        errors.append(float(abs(mpf(float(a)) - t) / unit) if np.isfinite(a) else np.inf)
    return np.array(errors)


def run_ours(case, x):
    x = tensor(x, requires_grad=True)
    y = case.ours(x)
    y.backward(np.ones_like(y.data))
    return y.data, x.grad.data


def measure(case, dtype, points, runners, seed=0):
    """{runner: (worst error of values, of derivatives, worst ratio to the goal, where)}

    Errors are in ulp where the goal is flat, and else in ulp * max(1, kappa).
    """
    x = inputs(dtype, points, seed)
    value, value_kappa, term, derivative, derivative_kappa = reference(case, x)
    found = {}
    for name, run in runners.items():
        try:
            values, derivatives = run(case, x)
        except (AttributeError, TypeError):
            if name == "ours":
                raise
            continue
        value_errors = ulps(values, value, dtype, term)
        derivative_errors = ulps(derivatives, derivative, dtype)
        goals = [_goal(case, dtype, k) for k in (*value_kappa, *derivative_kappa)]
        ratios = np.concatenate([value_errors, derivative_errors]) / goals
        worst, unit = int(np.argmax(ratios)), _goal(case, dtype, 0)
        found[name] = (
            unit * ratios[: x.size].max(),
            unit * ratios[x.size :].max(),
            ratios[worst],
            f"{'value' if worst < x.size else 'derivative'} at {x[worst % x.size]:.6g}",
        )
    return found


def _goal(case, dtype, kappa):
    ulp = 4.0 if case.flat else 8.0 * max(1.0, float(kappa))
    return ulp * (1.5 if dtype is np.float32 else 1)


def run_torch(case, x):
    import torch

    names = {"logsigmoid": "logsigmoid", "erf": "erf", "erfc": "erfc", "gelu_tanh": "gelu"}
    module = torch if case.name in ("erf", "erfc") else torch.nn.functional
    name, arguments = names.get(case.name, case.name), case.arguments
    if case.name == "swish" and arguments == (1.0,):
        name, arguments = "silu", ()
    x = torch.tensor(x, requires_grad=True)
    keywords = {"approximate": "tanh"} if case.name == "gelu_tanh" else {}
    y = getattr(module, name)(x, *([] if keywords else arguments), **keywords)
    y.backward(torch.ones_like(y))
    return y.detach().numpy(), x.grad.numpy()


def run_jax(case, x):
    import jax

    jax.config.update("jax_enable_x64", True)
    names = {
        "logsigmoid": "log_sigmoid",
        "softsign": "soft_sign",
        "hardtanh": "hard_tanh",
        "hardsigmoid": "hard_sigmoid",
        "hardswish": "hard_swish",
        "gelu_tanh": "gelu",
    }
    keywords = {"gelu": {"approximate": False}, "gelu_tanh": {"approximate": True}}.get(
        case.name, {}
    )
    module = jax.scipy.special if case.name in ("erf", "erfc") else jax.nn
    arguments = () if case.name in ("hardtanh", "gelu_tanh") else case.arguments
    if case.name == "swish" and arguments == (1.0,):
        arguments = ()
    if case.name == "softplus" and arguments == (1.0,):
        arguments = ()
    function = getattr(module, names.get(case.name, case.name))
    y, back = jax.vjp(lambda x: function(x, *arguments, **keywords), jax.numpy.asarray(x))
    return np.asarray(y), np.asarray(back(jax.numpy.ones_like(y))[0])


RUNNERS = {"torch": run_torch, "jax": run_jax}


def main(points=10_000):
    runners = {"ours": run_ours}
    for name, run in RUNNERS.items():
        if importlib.util.find_spec(name):
            runners[name] = run
    for dtype in (np.float64, np.float32):
        print(
            f"\n## {dtype.__name__}, {points} points: worst error of value / derivative, "
            "in ulp * max(1, kappa)"
        )
        print("| function | " + " | ".join(runners) + " | of goal | worst |")
        print("| --- |" + " --- |" * (len(runners) + 2))
        for case in CASES:
            found = measure(case, dtype, points, runners)
            cells = [
                f"{found[r][0]:.2g} / {found[r][1]:.2g}" if r in found else "–" for r in runners
            ]
            print(
                f"| {case} | "
                + " | ".join(cells)
                + f" | {found['ours'][2]:.2f} | {found['ours'][3]} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
