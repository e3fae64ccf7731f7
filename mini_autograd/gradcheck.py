"""Gradient checking: is the gradient that backward finds the slope that the values of f show?

A slope is right if it lies between the left and the right derivative of f, which are one number
where f is smooth and two at a kink. Differences measure both, and how far they may be off.
"""

from functools import partial

import numpy as np

from mini_autograd.engine import Tensor
from mini_autograd.numerical import step


class GradcheckError(AssertionError):
    """The gradient is wrong: backward says one thing, differences of f another.

    likely: the likely mistake in a few words, which end the message, too; "" if there is none.
    """

    def __init__(self, message, likely=""):
        super().__init__(f"{message} Likely mistake: {likely}" if likely else message)
        self.likely = likely


@np.errstate(all="ignore")  # f is also tried where it is not defined; what comes of it is examined
def gradcheck(f, *inputs, rtol=1e-7, fast_mode=None, Tensor=Tensor):
    """True if backward through f finds the slopes that the values of f show; otherwise an error.

    f turns tensors into a tensor, or a tuple of them. Inputs: float64, any shapes; never changed.
    Every slope, d output / d input, is compared with difference quotients, whose tolerance is
    measured too; rtol is what the rules may lose by rounding. At a kink any slope between the left
    and the right derivative will do. fast_mode compares random sums of slopes: the default beyond
    1,000 inputs and outputs. To check a Tensor class of your own, give it as Tensor.
    Raises: GradcheckError with the worst slope and the likely mistake. ValueError or TypeError
    where differences cannot judge: at a jump, where f is not finite, in a composition at a kink,
    where rounding would explain what they find, in float32, for a random f.
    Reference: Linnainmaa (1976), doi:10.1007/BF01931367: rounding errors by a backward pass.

    >>> gradcheck(lambda x, y: x * y, [1.0, 2.0], [3.0, 0.0])
    True
    """
    flat = _Flat(f, inputs, Tensor)
    _refuse_what_differences_cannot_judge(flat)
    comparison = _Comparison(flat, *_probes(flat, fast_mode), rtol)
    if comparison.wrong.any():
        raise _diagnosis(flat, comparison)
    return True


def gradgradcheck(f, *inputs, Tensor=Tensor, **options):
    """gradcheck of the gradient of f: are the second derivatives by create_graph=True right?

    The gradient of f is a function of the inputs and of g, the gradient given to backward, here
    linspace(1, 2, n) for n outputs; both are moved. Options, result and errors as in gradcheck.
    Where f has a kink its gradient jumps, and the check refuses.

    >>> gradgradcheck(lambda x: x * x * x, [1.0, 0.0, -2.0])
    True
    """

    def gradient(*tensors):
        tensors, weights = tensors[: len(flat.inputs)], tensors[len(flat.inputs) :]
        gradients = _backward(flat.call(tensors), weights, create_graph=True)
        return [gradients.get(x, Tensor(np.zeros(x.shape))) for x in tensors]

    flat = _Flat(f, inputs, Tensor)
    n = flat.values.size
    gradient.__name__ = f"the gradient of {flat.name}" + f" for g = linspace(1, 2, {n})" * (n > 1)
    weights = _cut(np.linspace(1, 2, n), flat.outputs)
    return gradcheck(gradient, *flat.inputs, *weights, Tensor=Tensor, **options)


class _Flat:
    """f as a function from one vector, all inputs end to end, to another, all outputs."""

    def __init__(self, f, inputs, Tensor):
        self.f, self.name, self.Tensor = f, getattr(f, "__name__", type(f).__name__), Tensor
        inputs = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], tuple) else inputs
        self.inputs = [np.array(x.data if isinstance(x, Tensor) else x) for x in inputs]
        self.x = _flatten(self.inputs)
        self.leaves, self.outputs = self.run(self.x)
        self.values = _flatten(self.outputs)
        if not self.inputs or not self.outputs:
            raise ValueError(f"{self.name} has no slopes without inputs and outputs: give it some")

    def __call__(self, x):
        return _flatten(self.run(x)[1])

    def run(self, x):
        """The leaves cut from the vector x, and the list of outputs that f makes of them."""
        leaves = [self.Tensor(part, requires_grad=True) for part in _cut(x, self.inputs)]
        return leaves, self.call(leaves)

    def call(self, tensors):
        outputs = self.f(*tensors)
        return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def _flatten(arrays):
    """The elements of arrays, or of tensors, end to end."""
    return np.concatenate([np.empty(0), *(np.ravel(getattr(a, "_data", a)) for a in arrays)])


def _cut(vector, arrays):
    """The inverse: the vector in parts that have the shapes of the arrays."""
    parts = iter(np.split(vector, np.cumsum([np.prod(a.shape) for a in arrays], dtype=int)))
    return [next(parts).reshape(a.shape) for a in arrays]


def _refuse_what_differences_cannot_judge(flat):
    if not all(isinstance(y, flat.Tensor) for y in flat.outputs):
        raise TypeError(f"{flat.name} must return tensors: the graph is lost")
    for a in [*flat.inputs, *flat.outputs, *_ancestors(flat.outputs)]:
        if a.dtype != np.float64:
            why = f"differences keep half of the digits, too few of {a.dtype}"
            raise TypeError(f"{flat.name}: {why}; check with float64 (and write 1.0 for 1)")
    if not (np.isfinite(flat.x).all() and np.isfinite(flat.values).all()):
        raise ValueError(f"{flat.name} is not finite at these inputs, so it has no slopes there")
    if not np.array_equal(_flatten(flat.leaves), flat.x):
        raise ValueError(f"{flat.name} changes its inputs: let it make new tensors")
    if not np.array_equal(flat.values, flat(flat.x)):
        raise ValueError(f"{flat.name} is random: the same inputs gave other values; fix its seed")


def _probes(flat, fast_mode):
    """What to watch, sums of outputs with these weights, and what to move, groups of inputs."""
    n, m = flat.x.size, flat.values.size
    if fast_mode or fast_mode is None and n + m > 1000:
        generator = np.random.default_rng(0)
        groups = np.array_split(generator.permutation(n), 64)
        return generator.random((4, m)), [group for group in groups if group.size]
    return np.eye(m), np.arange(n)[:, None]  # each output and each input by itself


_SENT = -2.0  # the g to send back: rules that forget or clip what they are given may pass with 1
_UNSEEN = 1e-14  # what an operation may lose by rounding inside, with numbers no larger than 1 or x


class _Comparison:
    """Slopes by backward, and by differences: middle, give or take reach.

    Row i is about the sum of outputs with weights[i], column j about moving the inputs groups[j].
    """

    def __init__(self, flat, weights, groups, rtol):
        weights = weights / weights.max(axis=1, keepdims=True, initial=0)  # a single one is 1
        self.weights, self.groups, self.rtol = weights, groups, rtol
        pulled = [_pull_back(flat, _SENT * w) for w in weights]
        gradients = np.reshape([gradient for gradient, _ in pulled], (len(weights), flat.x.size))
        known = np.array([noise for _, noise in pulled]) / abs(_SENT)
        unseen = _UNSEEN * weights.sum(axis=1)
        of_zero, _ = _pull_back(flat, 0 * flat.values)
        self.of_zero = np.array([of_zero[group].sum() for group in groups])
        self.slopes, self.middle, self.reach = np.empty((3, len(weights), len(groups)))
        for j, group in enumerate(groups):
            h, d = step(flat.x[group]), np.zeros(flat.x.size)
            d[group] = h / h.max()
            self.slopes[:, j] = gradients[:, group] @ d[group] / _SENT
            along = partial(lambda d, t: weights @ flat(flat.x + t * d), d)
            noise = np.array([known, unseen * h.max() / step(0)])
            self.middle[:, j], self.reach[:, j] = _measure(along, h.max(), noise)
        allowed = self.reach + rtol * np.abs(self.middle)
        self.excess = np.nan_to_num(np.abs(self.slopes - self.middle) - allowed, nan=np.inf)
        self.excess[:, self.of_zero != 0] = np.inf
        self.wrong, self.is_rounding = self.excess > 0, (self.excess <= unseen[:, None]).all()
        self.at_kink = self.reach > 1e-2 * (np.abs(self.slopes) + np.abs(self.middle))


def _pull_back(flat, weights):
    """The gradient of sum(weights * outputs), and a bound for the rounding error of that sum.

    A tensor u on the way was rounded by eps * |u| (eps * tiny near 0); its gradient tells what the
    sum makes of that.
    """
    eps, tiny = np.finfo(float).eps, np.finfo(float).tiny
    gradients = _backward(flat.outputs, _cut(weights, flat.outputs), retain_graph=True)
    slopes = _flatten(gradients.get(x, np.zeros(x.shape)) for x in flat.leaves)
    roundings = _flatten((np.abs(t.data) + tiny) * np.abs(g.data) for t, g in gradients.items())
    noise = np.sum(roundings, where=np.isfinite(roundings)) + np.abs(weights) @ np.abs(flat.values)
    return slopes, 4 * eps * noise


def _backward(outputs, weights, **options):
    """{tensor: its gradient} for all tensors on the way back. What .grad held stays there."""
    tensors = _ancestors(outputs)
    before = {t: (t._grad, t._retains_grad) for t in tensors}
    try:
        for t in tensors:
            t.grad, t._retains_grad = None, True
        for y, w in zip(outputs, weights, strict=True):
            if y.requires_grad:
                y.backward(w, **options)
        return {t: t.grad for t in tensors if t.grad is not None}
    finally:
        for t in tensors:
            t.grad, t._retains_grad = before[t]


def _ancestors(tensors):
    """The tensors with a gradient from which these were computed, these included."""
    found, waiting = {}, list(tensors)
    for t in waiting:  # the list grows while it is walked
        if getattr(t, "requires_grad", False) and t not in found:
            found[t] = True
            waiting += getattr(t, "_inputs", ())
    return found


_SHRINK = 7.3  # no whole number, or sin would look alike over one period and over _SHRINK of them
_WIGGLE = 1e-8  # its least height: rounding inside an operation hardly makes more of one


def _measure(along, h, noise):
    """The slope of along(t) at t = 0 by differences, (middle, reach); nan where there is none.

    The step shrinks from a long one until rounding takes over; the surest result is kept, unless a
    shorter step contradicts it: then the longer one has missed a wiggle of f. Where f changes by
    little more than rounding, or not at all, its values are coarse, and nothing is contradicted.
    """
    here, best = along(0.0), np.full((2, noise.shape[1]), np.nan)

    def quotients(t):
        return np.array([here - along(-t), along(t) - here]) / t

    near = quotients(_SHRINK * h)
    for t in h * _SHRINK ** -np.arange(12):
        far, near = near, quotients(t)
        known, unseen = noise / t
        found = _extrapolate(far, near, known, unseen)
        apart = np.abs(found[0] - best[0])
        wiggles = (apart * t > _WIGGLE) & (found[1] < np.abs(found[0]))
        differs = apart > 3 * (found[1] + best[1])
        better = np.where(differs, wiggles, ~(found[1] >= best[1]))
        best = np.where(better & np.isfinite(found[1]), found, best)
        if np.all(found[1] <= 3 * (known + unseen)):
            break
    return best


def _extrapolate(far, near, known, unseen):
    """The slope at step 0, (middle, reach), from left and right quotients at two steps.

    Their mean, the central quotient, is as sure as it stayed the same. The gap between them shrinks
    with the step if f is smooth; what does not shrink is the angle of a kink. Quotients that grow
    while the step shrinks have no limit. known and unseen are what rounding may do to a quotient;
    a gap that shrinks just as the step shows that little was lost unseen.
    """
    middle, gap, far_gap = near.mean(axis=0), near[1] - near[0], far[1] - far[0]
    half_angle = np.abs(gap - far_gap / _SHRINK) / (1 - 1 / _SHRINK) / 2
    steep, far_steep = np.abs(near).max(axis=0), np.abs(far).max(axis=0)
    rounding = known + 1e-15 * far_steep + unseen * (half_angle >= 1e-4 * np.abs(gap))
    reach = half_angle + np.abs(middle - far.mean(axis=0)) + rounding
    grows = (steep > 2 * far_steep) & (steep - far_steep > 2 * (known + unseen))
    return np.where(grows, np.nan, [middle, reach])


def _diagnosis(flat, whole):
    """The error to raise for a comparison: what is wrong, or why differences cannot judge."""
    c = _narrowed(flat, whole)
    i, j = np.unravel_index(c.excess.argmax(), c.excess.shape)
    at = _name(c.groups[j], flat.inputs)
    if np.isnan(c.reach[i, j]):
        why = "difference quotients grow as the step shrinks (a jump, a cusp), or are not finite"
        return ValueError(f"{flat.name} has no slope at input {at}: {why}. Check another point")
    if np.isfinite(c.slopes).all() and _is_right_nearby(flat, c, i, j):
        why = "one of its operations is at a kink, where a mix of slopes need not be a slope"
        return ValueError(f"{flat.name} at input {at}: {why}. Check each operation by itself")
    evidence = f"{flat.name}: {_evidence(flat, c, i, j)}"
    if c.is_rounding:
        why = "so little may be lost by rounding inside an operation, in its value or in its rule"
        return ValueError(f"{evidence}; {why}. Check where the slope is larger")
    if c is whole:
        evidence += f"; {c.wrong.sum()} of {c.wrong.size} slopes are wrong"
    return GradcheckError(f"{evidence}.", _likely_mistake(c))


def _evidence(flat, c, i, j):
    """What backward made of g, and what differences say: numbers that can be computed again."""
    returned, middle, reach = (_SENT * a[i, j] for a in (c.slopes, c.middle, c.reach))
    at = _name(c.groups[j], flat.inputs)
    if c.of_zero[j] != 0 and np.isfinite(returned):
        return f"given g = 0, backward returned {c.of_zero[j]:.6g} for input {at}, not 0"
    said = [middle if abs(middle) > abs(reach) else 0.0]
    if c.at_kink[i, j]:
        said = np.round([middle + reach, middle - reach], 7)
    for digits in range(6, 18):  # two numbers that differ must look different
        numbers = [f"{number + 0.0:.{digits}g}" for number in (returned, *said)]
        if numbers[0] not in numbers[1:]:
            break
    returned, *said = numbers
    between = "between " if len(said) > 1 else ""
    several = flat.values.size > 1
    of = f" for output {_name(np.flatnonzero(c.weights[i]), flat.outputs)} alone" if several else ""
    claim = f"given g = {_SENT:g}{of}, backward returned {returned} for input {at}"
    return f"{claim}, but differences say {between}{' and '.join(said)}"


def _narrowed(flat, c):
    """The comparison, with sums of inputs and outputs halved until the slope to blame is found."""
    i, j = np.unravel_index(c.excess.argmax(), c.excess.shape)
    weights, groups, outputs = c.weights[[i]], [c.groups[j]], np.flatnonzero(c.weights[i])
    if len(groups[0]) > 1:
        groups = np.array_split(groups[0], 2)
    elif len(outputs) > 1:
        halves = [np.isin(np.arange(weights.size), half) for half in np.array_split(outputs, 2)]
        weights = halves * weights
    else:
        return c
    split = _Comparison(flat, weights, groups, c.rtol)
    return _narrowed(flat, split) if split.wrong.any() else c


def _is_right_nearby(flat, c, i, j):
    """Is slope i, j a mix, by a composition or in sums, and are all right beside the inputs?"""
    operations = sum(not t.is_leaf for t in _ancestors(flat.outputs))
    shift = np.random.default_rng(0).normal(0, 1e-3, flat.x.size) * np.maximum(1, np.abs(flat.x))
    nearby = _Flat(flat.f, _cut(flat.x + shift, flat.inputs), flat.Tensor)
    is_mixed = max(operations, np.count_nonzero(c.weights[i]), len(c.groups[j])) > 1
    return is_mixed and not _Comparison(nearby, c.weights, c.groups, c.rtol).wrong.any()


def _name(positions, arrays):
    """Which array and element is at a position of the flat vector, as in 0[2, 1]."""
    names = [f"{k}{list(i) or ''}" for k, a in enumerate(arrays) for i in np.ndindex(a.shape)]
    return names[positions[0]] if len(positions) == 1 else "(a random sum)"


def _likely_mistake(c):
    """What the wrong slopes have in common, in words."""
    want = np.where(np.abs(c.middle) > c.reach, c.middle, 0)[c.wrong]
    got = c.slopes[c.wrong]
    factor = got[np.abs(want).argmax()] / want[np.abs(want).argmax()]
    arrives = (~c.wrong & (c.slopes != 0)).any(axis=0)[c.wrong.any(axis=0)].all()
    is_part, is_all = not got.any() and arrives, not got.any()
    several, doubled_or_halved = len(got) > 1, round(factor, 6) in (2, 0.5)
    alike = partial(np.allclose, rtol=1e-6, atol=1e-9 * np.abs(want).max())
    is_permuted = several and alike(np.sort(got), np.sort(want))
    is_near = np.allclose(got, want, rtol=1e-2, atol=0)
    is_factor = (several or doubled_or_halved) and alike(got, factor * want)
    looks = {
        "nan: an overflow, or 0 * inf in a branch not taken": not np.isfinite(got).all(),
        "a rule that does not multiply by g": c.of_zero.any(),
        "a slope beyond both sides of a kink": c.at_kink[c.wrong].all(),
        "a part is lost: what comes from several uses must be added": is_part,
        "nothing arrives there: a rule gives 0, or detach or no_grad cuts the graph": is_all,
        "the wrong sign": alike(got, -want),
        "nearly right: a constant of too few digits, or digits lost by rounding": is_near,
        f"a factor of {factor:.7g}": is_factor,
        "right numbers in wrong places: transposed, or rules in another order": is_permuted,
        "a slope where f does not change, or less than it is rounded": not want.any(),
        "a term is missing or wrong": True,
    }
    return next(words for words, applies in looks.items() if applies)
