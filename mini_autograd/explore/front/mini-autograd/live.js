// The front end of the course, wherever a page shows it.
//
// Python says in JSON what there is, a "spec"; this file draws it and moves it. The function and
// its derivative stand there as a program of NumPy's operations (explore/program.py), and so does
// the check of the two by differences (explore/curve.py). All is computed again at each move.

// ---- Arithmetic: what JavaScript has not, or has otherwise --------------------------------------

// erfc(x) exp(x x) (1 + 2 x) in Chebyshev polynomials of (x - 4) / (x + 4), for x >= 0; computed by
// tools/erfc_coefficients.py.
const ERFC = [
  1.1774832005374487, -0.007260796620301901, -0.081265123236185, 0.06009212804122225,
  -0.02875393558027666, 0.01059566336347286, -0.003136927294554264, 0.0007456494372536184,
  -0.0001369696503010054, 1.7183861600300937e-05, -7.158364623450346e-07, -2.4261399442449534e-07,
  5.5765709395703566e-08, -2.1057869513809494e-09, -1.1717889351884957e-09, 1.9098355172456688e-10,
  1.408871764208813e-11, -6.901108320480815e-12, 9.167958364111294e-14, 2.1454508286554553e-13,
  -1.4716575027010623e-14, -6.668675118770408e-15, 7.504598509880083e-16, 2.22009300666632e-16,
];

function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x > 28) return 0;
  const t = (x - 4) / (x + 4);
  let b = 0, before = 0;
  for (let k = ERFC.length - 1; k > 0; k--) [b, before] = [2 * t * b - before + ERFC[k], b];
  const z = Math.fround(x); // of 24 digits in base 2, so z * z is not rounded
  const bell = Math.exp(-z * z) * Math.exp((z - x) * (z + x));
  return ((t * b - before + ERFC[0]) / (1 + 2 * x)) * bell;
}

function erf(x) {
  if (!(Math.abs(x) < 0.5)) return 1 - erfc(x);
  let sum = 0, power = x;
  for (let n = 0; n < 14; n++) {
    sum += power / (2 * n + 1);
    power *= (-x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function rint(x) { // to the even one of two that are equally near
  const below = Math.floor(x), rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

function logaddexp(a, b) {
  return a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

function power(a, b) { // 1 to any power is 1
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

// What is computed by element: each function in a loop of its own where programs are full of it,
// as that is thirty times as quick. A step of 0 repeats a number.
const LOOPS = {
  absolute(y, [a], [i]) {
    for (let m = 0; m < y.length; m++) y[m] = Math.abs(a[m * i]);
  },
  add(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = a[m * i] + b[m * j];
  },
  divide(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = a[m * i] / b[m * j];
  },
  exp(y, [a], [i]) {
    for (let m = 0; m < y.length; m++) y[m] = Math.exp(a[m * i]);
  },
  expm1(y, [a], [i]) {
    for (let m = 0; m < y.length; m++) y[m] = Math.expm1(a[m * i]);
  },
  greater(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = +(a[m * i] > b[m * j]);
  },
  maximum(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = Math.max(a[m * i], b[m * j]);
  },
  minimum(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = Math.min(a[m * i], b[m * j]);
  },
  multiply(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = a[m * i] * b[m * j];
  },
  subtract(y, [a, b], [i, j]) {
    for (let m = 0; m < y.length; m++) y[m] = a[m * i] - b[m * j];
  },
  where(y, [c, a, b], [i, j, k]) {
    for (let m = 0; m < y.length; m++) y[m] = c[m * i] !== 0 ? a[m * j] : b[m * k];
  },
};

const BY_ELEMENT = {
  arctan: Math.atan, bitwise_and: (a, b) => a & b, bitwise_or: (a, b) => a | b,
  clip: clamp, cos: Math.cos, cosh: Math.cosh,
  equal: (a, b) => +(a === b), erf, erfc, expit: a => 1 / (1 + Math.exp(-a)), floor: Math.floor,
  greater_equal: (a, b) => +(a >= b), hypot: (a, b) => Math.hypot(a, b),
  isfinite: a => +isFinite(a), isinf: a => +(Math.abs(a) === Infinity), isnan: a => +isNaN(a),
  less: (a, b) => +(a < b), less_equal: (a, b) => +(a <= b), log: Math.log, log10: Math.log10,
  log1p: Math.log1p, log2: Math.log2, logaddexp, logical_and: (a, b) => +(a !== 0 && b !== 0),
  logical_not: a => +(a === 0), logical_or: (a, b) => +(a !== 0 || b !== 0), negative: a => -a,
  not_equal: (a, b) => +(a !== b), power, reciprocal: a => 1 / a, rint, sign: Math.sign,
  sin: Math.sin, sinh: Math.sinh, sqrt: Math.sqrt, square: a => a * a, tan: Math.tan,
  tanh: Math.tanh,
};

const REDUCED = { // what a reduction begins from, and what it does with each element
  add: [0, (sum, a) => sum + a], multiply: [1, (product, a) => product * a],
  maximum: [-Infinity, Math.max], minimum: [Infinity, Math.min],
  logical_and: [1, BY_ELEMENT.logical_and], logical_or: [0, BY_ELEMENT.logical_or],
};

// ---- Programs -----------------------------------------------------------------------------------

const sizeOf = shape => shape.reduce((product, n) => product * n, 1);
const stepsOf = shape => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

// Which places a view shows, that begins at start and goes on by a step along each of its axes.
function places(shape, start, steps) {
  let found = Int32Array.of(start);
  shape.forEach((n, axis) => {
    const wider = new Int32Array(found.length * n);
    for (let i = 0; i < wider.length; i++)
      wider[i] = found[Math.floor(i / n)] + (i % n) * steps[axis];
    found = wider;
  });
  return found;
}

// Which places an array shows where NumPy broadcasts it to a shape.
function stretched(from, shape) {
  const own = stepsOf(from), missing = shape.length - from.length;
  const stays = i => i < missing || from[i - missing] === 1;
  const steps = shape.map((_, i) => (stays(i) ? 0 : own[i - missing]));
  return places(shape, 0, steps);
}

// The data of an array in that shape: the same memory where it has as many elements, or one.
function inShape(array, shape, before) {
  const n = sizeOf(shape);
  if (array.data.length === n || array.data.length === 1) return array.data;
  const from = stretched(array.shape, shape), wider = new Float64Array(n);
  before.push(() => { for (let i = 0; i < n; i++) wider[i] = array.data[from[i]]; });
  return wider;
}

function byElement(name, y, inputs, before) {
  const data = inputs.map(one => inShape(one, y.shape, before));
  const steps = data.map(one => +(one.length > 1)), f = BY_ELEMENT[name];
  if (!f) return () => LOOPS[name](y.data, data, steps);
  const [a, b, c] = data, [i, j, k] = steps, n = y.data.length;
  if (c) return () => { for (let m = 0; m < n; m++) y.data[m] = f(a[m * i], b[m * j], c[m * k]); };
  if (b) return () => { for (let m = 0; m < n; m++) y.data[m] = f(a[m * i], b[m * j]); };
  return () => { for (let m = 0; m < n; m++) y.data[m] = f(a[m * i]); };
}

function reduction(name, y, [a], [axes]) {
  const short = a.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const to = stretched(short, a.shape), [first, f] = REDUCED[name];
  return () => {
    y.data.fill(first);
    for (let i = 0; i < to.length; i++) y.data[to[i]] = f(y.data[to[i]], a.data[i]);
  };
}

const OTHERS = {
  view(y, [a], [[start, ...steps]]) {
    const from = places(y.shape, start, steps);
    if (from.length === a.data.length && from.every((place, i) => place === i)) y.data = a.data;
    else return () => { for (let i = 0; i < from.length; i++) y.data[i] = a.data[from[i]]; };
  },
  stack: (y, inputs) => () => {
    let at = 0;
    for (const { data } of inputs) { y.data.set(data, at); at += data.length; }
  },
  added_at(y, [a, values], [shape, [start, ...steps]]) {
    const to = places(shape, start, steps), before = [], given = inShape(values, shape, before);
    const step = +(given.length > 1);
    return () => {
      before.forEach(work => work());
      y.data.set(a.data);
      for (let i = 0; i < to.length; i++) y.data[to[i]] += given[i * step];
    };
  },
  matmul(y, [a, b]) { // of matrices and vectors
    const inner = b.shape[0], columns = b.shape[1] ?? 1, rows = a.data.length / inner;
    return () => {
      y.data.fill(0);
      for (let i = 0; i < rows; i++)
        for (let k = 0; k < inner; k++)
          for (let j = 0; j < columns; j++)
            y.data[i * columns + j] += a.data[i * inner + k] * b.data[k * columns + j];
    };
  },
};

const number = value => ({ shape: [], data: Float64Array.of(value) });

// "[2] 3 4" is an array of two numbers, "[2] 1" one of two ones.
function arrayFrom(text) {
  const [shape, ...numbers] = text.split(" "), array = { shape: JSON.parse(shape) };
  const data = Float64Array.from(numbers, Number), n = sizeOf(array.shape);
  return { ...array, data: data.length === n ? data : new Float64Array(n).fill(data[0]) };
}

// A line of a program: what it gives, and the work that this takes each time.
function prepared(line, known) {
  const [name, ...words] = line.split(" ");
  const [shape, ...options] = words.filter(word => word[0] === "[").map(word => JSON.parse(word));
  const names = words.filter(word => word[0] !== "[");
  const inputs = names.map(word => known.get(word) ?? number(+word));
  const y = { shape, data: new Float64Array(sizeOf(shape)) }, before = [];
  const [ufunc, method] = name.split(".");
  let work;
  if (Object.hasOwn(OTHERS, name)) work = OTHERS[name](y, inputs, options);
  else if (method && Object.hasOwn(REDUCED, ufunc)) work = reduction(ufunc, y, inputs, options);
  else if (Object.hasOwn(LOOPS, name) || Object.hasOwn(BY_ELEMENT, name))
    work = byElement(name, y, inputs, before);
  else throw new Error(`no operation ${name}`);
  return { y, work: () => { before.forEach(one => one()); work?.(); } };
}

// A function of the inputs, one array or number each. It returns the outputs, and the place of the
// first guard that does not hold, or -1: from there on Python would have gone another way.
function compiled({ inputs, arrays, lines, guards, outputs }) {
  const known = new Map(Object.entries(arrays).map(([name, text]) => [name, arrayFrom(text)]));
  const given = inputs.map(text => arrayFrom(`${text.split(" ")[0]} 0`));
  given.forEach((one, i) => known.set(`x${i}`, one));
  const steps = lines.map((line, i) => {
    const { y, work } = prepared(line, known);
    known.set(`v${i}`, y);
    return work;
  });
  const value = word => known.get(word) ?? number(+word);
  const fails = guard => !value(guard.replace("not ", "")).data[0] !== guard.startsWith("not ");
  const run = values => {
    given.forEach(({ data }, i) => data.set(data.length === 1 ? [values[i]] : values[i]));
    for (const work of steps) work();
    const broken = guards.findIndex(fails);
    return { outputs: outputs.map(word => value(word).data.slice()), broken };
  };
  return Object.assign(run, { guards: guards.length });
}

// ---- Curves and words: explore/curve.py and explore/words.py ------------------------------------

const SMOOTH = 0, KINK = 1, JUMP = 2, UNKNOWN = 3;
const UNKNOWN_WAY = "for these values f raises an error, or goes a way unknown to this page";
const FIELDS = ["y", "slope", "central", "left", "right", "kind", "error", "drawn"];

// Where the points of a curve lie: without the last bits by which 0.1 + 0.2 exceeds 0.3.
function gridOf(points, [low, high]) {
  const digits = Math.min(13 - Math.floor(Math.log10(high - low)), 300);
  const scale = +`1e${Math.abs(digits)}`;
  const round = x => (digits < 0 ? rint(x / scale) * scale : rint(x * scale) / scale);
  const step = (high - low) / (points - 1);
  return Array.from({ length: points }, (_, i) => round(i < points - 1 ? low + i * step : high));
}

// The curve that a program computes, at the points x.
function examined(run, x, numbers) {
  const { outputs, broken } = run([x, ...numbers]);
  const curve = { x, ...Object.fromEntries(FIELDS.map((field, i) => [field, outputs[i]])) };
  if (broken < 0) return { ...curve, ...distances(curve) };
  if (broken < run.guards - 1) return unexamined(x, UNKNOWN_WAY);
  const lacks = curve.y.some(isFinite) ? "smooth" : "finite"; // the guard at the end of examine()
  return unexamined(x, `f is ${lacks} nowhere here, so there is nothing to compare`, curve.y);
}

function unexamined(x, problem, y = x.map(() => NaN)) {
  const nothing = x.map(() => NaN);
  return { x, y, slope: nothing, drawn: nothing, kind: x.map(() => UNKNOWN), problem };
}

// How far slope and central difference are apart, in units of scale; -1 where f is not smooth.
function distances({ slope, drawn, kind }) {
  const sizes = slope.map(s => Math.max(1, Math.abs(s)));
  const steep = sizes.some((size, i) => kind[i] === SMOOTH && size > 1000);
  const scale = steep ? sizes : sizes.map(() => 1);
  const apart = slope.map((s, i) => (kind[i] === SMOOTH ? Math.abs(s - drawn[i]) / scale[i] : -1));
  return { scale, apart };
}

// So many decimals, rounded as Python does: to the even one of two that are equally near.
function decimals(value, digits) {
  if (!isFinite(value)) return String(value).replace("Infinity", "inf").replace("NaN", "nan");
  const exact = Math.abs(value).toFixed(digits + 25);
  const below = exact.slice(0, -25).replace(/\.$/, "");
  const tie = /^50*$/.test(exact.slice(-25)) && /[02468]$/.test(below);
  const text = tie ? below : Math.abs(value).toFixed(digits);
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

const minus = text => text.replace(/(?<!\w)-(?=\d|inf\b)/g, "\u2212");

function scientific(value, digits) { // as decimals()
  if (!isFinite(value)) return minus(decimals(value, 0));
  const [exact, power] = Math.abs(value).toExponential(digits + 25).split("e");
  const below = exact.slice(0, -25).replace(/\.$/, "");
  const tie = /^50*$/.test(exact.slice(-25)) && /[02468]$/.test(below);
  const text = tie ? `${below}e${power}` : Math.abs(value).toExponential(digits);
  return (value < 0 ? "\u2212" : "") + text.replace(/e([+-])(\d)$/, "e$10$2");
}

// A number above 0 with so many digits after its first, those that say something.
function magnitude(value, digits) {
  const text = scientific(value, digits);
  return +text >= 1e-3 && +text <= 9999 ? String(+text) : text;
}

function fixed(value, digits) {
  const large = Math.abs(value) >= 1e5 && isFinite(value);
  return large ? scientific(value, 2) : minus(decimals(value, digits));
}

function shown(value) {
  return value !== 0 && Math.abs(value) < 1e-3 ? scientific(value, 2) : fixed(value, 6);
}

function size(curve, i) {
  const value = curve.apart[i], small = value > 0 && value < 1e-3;
  const text = small ? scientific(value, 0) : value === 0 ? "0" : fixed(value, 4);
  return curve.scale[i] > 1 ? `${text} of the slope` : text;
}

// A value in one of the forms that say() knows.
function formatted(form, value) {
  if (!isFinite(value)) return minus(decimals(value, 0));
  const options = form.split("|"), digits = +form.slice(1, -1);
  if (options.length > 1) return options[rint(clamp(value, 0, options.length - 1))];
  if (form.endsWith("f")) return fixed(value, digits);
  if (form.endsWith("e")) return scientific(value, digits);
  return Math.abs(value) < 1e15 ? minus(decimals(value, 0)) : scientific(value, 2);
}

// What say() was given, as text.
function sentence({ words, forms, arrays }, outputs) {
  const numbers = forms.map((form, i) => formatted(form, outputs[arrays[i]][0]));
  return words.map((text, i) => text + (numbers[i] ?? "")).join("");
}

function byDifference(curve, i) {
  const [left, right] = [curve.left[i], curve.right[i]].map(slope => fixed(slope, 2));
  if (curve.kind[i] === KINK) return `left ${left}, right ${right}`;
  return curve.kind[i] === JUMP ? "none, f jumps" : shown(curve.drawn[i]);
}

function difference(curve, i) {
  if (curve.kind[i] === KINK) return curve.error[i] ? "outside" : "between";
  return curve.kind[i] === SMOOTH ? size(curve, i) : "\u2013";
}

// The place of the largest value; nan counts as larger than all.
const largest = values => values.reduce((best, v, i) =>
  (!(v <= values[best]) && !isNaN(values[best]) ? i : best), 0);

// Do derivative and differences belong together? The first words answer.
function verdict(curve, by, h) {
  if (curve.problem) return [false, "Problem", curve.problem];
  const i = largest(curve.error);
  if (!curve.error[i]) return [true, ...agreement(curve, by, h)];
  const claim = `at x = ${minus(decimals(curve.x[i], 2))} ${by} says ${shown(curve.slope[i])}`;
  const [left, right] = [shown(curve.left[i]), shown(curve.right[i])];
  let but = `, the central difference ${shown(curve.central[i])}`;
  if (curve.kind[i] === KINK) 
    but = `; f has a kink there, with slope ${left} on the left and ${right} on the right`;
  const said = isNaN(curve.slope[i]) ? `${claim}, though f is finite there.`
    : `${claim}${but}. ${likely(curve)}`;
  return [false, "They disagree", said.trim()];
}

// What may have gone wrong.
function likely({ x, slope, central, kind, error }) {
  if (error.filter(Boolean).length <= Math.min(3, Math.floor(x.length / 8)))
    return "Elsewhere they agree: if f is a composition, a part of it may be at a kink there.";
  const smooth = central.map((value, i) => (kind[i] === SMOOTH ? value : NaN));
  const hint = mistake(slope, smooth, x);
  const twice = " A second contribution may have overwritten the first.";
  return hint.includes("half of") ? hint + twice : hint;
}

// What two lists of slopes at x differ by, if it looks like a usual mistake; else nothing.
function mistake(got, want, x) {
  const near = i => Math.abs(got[i] - want[i]) <= 1e-7 + 1e-5 * Math.abs(want[i]);
  const right = i => isNaN(want[i]) || got[i] === want[i] || (isFinite(want[i]) && near(i));
  const all = [...x.keys()], wrong = all.filter(i => !right(i));
  if (!wrong.length) return "";
  let where = wrong.length === all.length ? "It is" : "Where it is wrong, it is";
  for (const [side, here] of [["x > 0", v => v > 0], ["x < 0", v => v < 0]]) {
    const those = all.filter(i => here(x[i])), others = all.filter(i => x[i] && !here(x[i]));
    if (those.length && those.every(right) && !others.some(right))
      where = `It is right for ${side} only, elsewhere it is`;
  }
  const looks = relation(wrong.map(i => got[i]), wrong.map(i => want[i]));
  if (looks) return `${where} ${looks}.`;
  return where.includes("only") ? where.replace(", elsewhere it is", ".") : "";
}

const USUAL = {
  "-1": "right but for its sign", 2: "twice too large", 0.5: "half of what it should be",
  1: "close, but six digits are compared",
};

// How the wrong values relate to the right ones, if it is the same for all of them.
function relation(got, want) {
  if (!got.some(value => value !== 0)) return "zero";
  if (![...got, ...want].every(isFinite)) return "";
  const several = got.length > 1, ratios = got.map((value, i) => value / want[i]);
  if (!want.includes(0) && spread(ratios) < 1e-3 * farthest(ratios)) {
    const factor = +mean(ratios).toFixed(3);
    return USUAL[factor] ?? (several ? minus(`${general(factor, 6)} times what it should be`) : "");
  }
  const off = got.map((value, i) => value - want[i]);
  const alike = several && spread(off) <= 1e-3 * farthest(off);
  return alike ? minus(`off by ${general(mean(off), 4)}`) : "";
}

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const farthest = values => Math.max(...values.map(Math.abs));
const spread = values => Math.max(...values) - Math.min(...values);

// So many digits and none that says nothing, as Python writes a number.
function general(value, digits) {
  const [shortened, power] = value.toExponential(digits - 1).split("e");
  if (power >= -4 && power < digits) return String(+value.toPrecision(digits));
  return `${+shortened}e${power.replace(/^([+-])(\d)$/, "$10$2")}`;
}

function agreement(curve, by, h) {
  const worst = largest(curve.apart), most = size(curve, worst);
  if (!h || curve.apart[worst] < 1e-7) {
    const where = curve.kind.includes(UNKNOWN) ? "wherever f is finite" : "over the whole curve";
    return ["They agree", `${where} the largest difference is ${most}.`];
  }
  let off = `off by up to ${most}`;
  let why = h > 1e-5 ? "the curve bends within such a step" : "it magnifies rounding errors";
  if (!isFinite(curve.apart[worst]))
    [off, why] = ["not finite everywhere", "such a step leads to where f is not"];
  const difference = `with h = ${magnitude(h, 1)} the central difference is ${off}`;
  return [`The ${by} is right`, `${difference}, as ${why}.`];
}

// ---- The picture: two panels over the same x, in pixels of the page -----------------------------

const [FUNCTION, DERIVATIVE, QUIET, AGREEMENT] = ["#0A7EC2", "#C65800", "#808080", "#00875A"];
const INK = "currentColor";
const DASHES = { solid: "none", dashed: "6 5", dotted: "0.1 4.2" };
const TANGENT = 90; // pixels to either side of the cursor

const plain = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt()};`);
// The colour as that of text: nearer to the page's own, to stand out 4.5 to 1 in any theme.
const readable = color => `color-mix(in srgb, ${color} 80%, ${INK})`;
// Other copies of this file may be at work in the page, so a count would not do.
const unique = () => `ma-${Math.random().toString(36).slice(2, 10)}`;

const brief = value => minus(general(value, 6)).replace(/e\+?(-?)0?/, "e$1"); // as 1.5e9

// Round numbers from low to high, about so many, as [value, text].
function ticks([low, high], wanted) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find(one => one * power >= rough * 0.999);
  const step = factor * power;
  const finer = factor === 2.5 ? 1 : 0; // 0.25 takes a digit more than 0.2
  const digits = Math.max(0, finer - Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  if (last <= first && wanted < 9) return ticks([low, high], 2 * wanted); // 0 alone is no scale
  const far = Math.abs(low) >= 1e5 || Math.abs(high) >= 1e5 || digits > 6;
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return [value, far ? brief(value) : fixed(value, digits)];
  });
}

// Room for the numbers along y, in pixels.
function roomFor(ylim) {
  const most = Math.max(...ylim.map(Math.abs));
  return most >= 1e5 || most < 1e-3 ? 78 : 50;
}

// A panel of a picture: a box in pixels, and the axes of what is drawn in it. Names of curves may
// stand beyond its right side, up to the edge.
function panelOf({ left, right, top, bottom, edge = right }, xlim, ylim) {
  const scaleX = (right - left) / (xlim[1] - xlim[0]);
  const scaleY = (bottom - top) / (ylim[1] - ylim[0]);
  if (![scaleX, scaleY].every(scale => scale && isFinite(scale))) throw new Error("no axes");
  const near = y => clamp(y, top - 500, bottom + 500); // far outside nothing is seen
  return {
    left, right, top, bottom, edge, xlim, ylim, scaleX, scaleY, id: unique(),
    X: x => left + scaleX * (x - xlim[0]),
    Y: y => near(bottom - scaleY * (y - ylim[0])),
    toX: pixel => xlim[0] + (pixel - left) / scaleX,
    toY: pixel => ylim[0] + (bottom - pixel) / scaleY,
  };
}

// Where everything lies if the picture is so wide. On a phone it is as tall, its letters as large.
// A crowd of inputs and outputs has room below the upper panel, and at its right.
function layout({ xlim, ylims, crowd }, width) {
  const narrow = width < 480, top = 34, upper = narrow ? 190 : 210, lower = narrow ? 116 : 102;
  const aside = narrow ? 46 : 78, right = width - (crowd ? aside + 6 : 44);
  const second = top + upper + (crowd ? 92 : 48), left = Math.max(...ylims.map(roomFor));
  const across = { left, right, edge: width };
  const panels = [[top, top + upper], [second, second + lower]].map(([from, to], i) =>
    panelOf({ ...across, top: from, bottom: to }, xlim, ylims[i]));
  if (crowd) panels[0].edge = right;
  return { narrow, width, height: second + lower + 26, panels, crowd: crowd && aside, ...across };
}

// A line through points of a panel; a null among them is a gap. Where y leaps between neighbours
// that hardly move it begins anew: a jump has no steep part to draw.
function line(p, xs, ys, color, thick = 2.8, style = "solid") {
  const y = Array.from(ys, (value, i) => (isNaN(value + xs[i]) ? NaN : p.Y(value)));
  const points = [];
  y.forEach((here, i) => {
    const around = Math.abs(y[i - 1] - y[i - 2]) + Math.abs(y[i + 1] - here);
    if (isNaN(here) || Math.abs(here - y[i - 1]) > 10 * around + 4) points.push(null);
    if (!isNaN(here)) points.push([p.X(xs[i]), here]);
  });
  return { p, points, color, thick, style };
}

function path({ p, points, color, thick, style }) {
  let d = "", pen = "M";
  for (const point of points) {
    if (point) d += `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = point ? "L" : "M";
  }
  return `<path d="${d}" fill="none" stroke="${color}" stroke-width="${thick}" ` +
    `stroke-dasharray="${DASHES[style]}" clip-path="url(#${p.id})"/>`;
}

// A dot is whole, also at the edge of its panel, or it lies outside.
const isIn = (p, x, y) => p.X(x) > p.left - 1 && p.X(x) < p.right + 1 &&
  p.Y(y) > p.top - 1 && p.Y(y) < p.bottom + 1;

function dot(p, x, y, color, radius = 6) {
  if (!isIn(p, x, y)) return "";
  const rim = Math.min(2, radius / 2); // or little of a small one would be left
  return `<circle cx="${p.X(x).toFixed(1)}" cy="${p.Y(y).toFixed(1)}" r="${radius}" ` +
    `fill="${color}" stroke="var(--ma-paper)" stroke-width="${rim}"/>`;
}

function label({ x, y, words, color = INK, anchor = "start" }) {
  return `<text class="ma-label" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ` +
    `fill="${readable(color)}">${plain(words)}</text>`;
}

const mark = (x, y, words, anchor = "start") =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${plain(words)}</text>`;

const boxed = p => `x="${p.left}" y="${p.top}" width="${p.right - p.left}" ` +
  `height="${p.bottom - p.top}"`;
const clipOf = p => `<clipPath id="${p.id}"><rect ${boxed(p)}/></clipPath>`;

// The axes of a panel, with about so many numbers along each; numbered is whether x has any.
function axes(p, [wantedX, wantedY], numbered = true) {
  const { left, right, top, bottom, xlim, ylim } = p, across = right - left, down = bottom - top;
  const rule = (x, y, dx, dy, strong) => `<path d="M${x} ${y}l${dx} ${dy}" stroke="${QUIET}" ` +
    `stroke-opacity="${strong ? 1 : 0.22}"/>`;
  const parts = [clipOf(p)];
  for (const [x, words] of wantedX ? ticks(xlim, wantedX) : []) {
    parts.push(rule(p.X(x), bottom, 0, -down, !x));
    if (numbered) parts.push(mark(p.X(x), bottom + 18, words, "middle"));
  }
  for (const [value, words] of ticks(ylim, wantedY)) {
    const y = p.Y(value);
    parts.push(rule(left, y, across, 0, !value), mark(left - 8, y + 4, words, "end"));
  }
  parts.push(rule(left, top, 0, down, true), rule(left, bottom, across, 0, true));
  return parts.join("");
}

// All that does not move.
function frame(g, spec) {
  const [upper, lower] = g.panels, wanted = g.narrow ? 4 : 7;
  return axes(upper, [wanted, 6], false) + axes(lower, [wanted, 4]) +
    mark(g.right + 24, lower.bottom + 18, "x") + legend(g, spec.by);
}

function legend(g, by) {
  const y = g.panels[1].top - 8, wide = g.narrow ? 118 : 140;
  const names = [[`by ${by}`, DERIVATIVE, "solid"], ["by central difference", INK, "dotted"]];
  return names.map(([words, color, style], i) => `<path d="M${g.left + i * wide} ${y - 4}h22" ` +
    `stroke="${color}" stroke-width="2.8" stroke-dasharray="${DASHES[style]}"/>` +
    `<text x="${g.left + i * wide + 28}" y="${y}">${plain(words)}</text>`).join("");
}

// ---- Labels: each at the first place that is free of lines and of other labels ------------------

const FAMILY = "var(--jp-ui-font-family, var(--pst-font-family-base, system-ui, sans-serif))";
const TALL = 17; // pixels, of a line of text
const widths = new Map(); // of words, in pixels

function widthOf(words, svg) {
  if (!widths.has(words)) {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.font = `600 13px ${getComputedStyle(svg).fontFamily}`;
    widths.set(words, canvas.measureText(words).width);
  }
  return widths.get(words);
}

const boxOf = ({ x, y, anchor }, wide) => {
  const left = anchor === "end" ? x - wide : x;
  return [left, y - TALL + 3, left + wide, y + 5]; // left, top, right, bottom
};

// How many segments of lines cross the box.
function crossings([left, top, right, bottom], lines) {
  let n = 0;
  for (const { points, thick } of lines)
    for (let i = 1; i < points.length; i++) {
      const a = points[i - 1], b = points[i];
      if (!a || !b || Math.max(a[0], b[0]) < left || Math.min(a[0], b[0]) > right) continue;
      const run = b[0] - a[0], share = x => clamp((x - a[0]) / run, 0, 1);
      const ends = run ? [left, right].map(x => a[1] + (b[1] - a[1]) * share(x)) : [a[1], b[1]];
      if (Math.max(...ends) > top - thick / 2 && Math.min(...ends) < bottom + thick / 2) n++;
    }
  return n;
}

// As much of the words as there is room for.
function fitting(words, room, svg) {
  const share = room / widthOf(words, svg), letters = [...words];
  if (!(share < 1)) return words;
  const cut = n => `${letters.slice(0, n).join("")}\u2026`;
  let n = Math.floor(share * letters.length);
  while (n && widthOf(cut(n), svg) > room) n--;
  return cut(n);
}

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

// The label at the first of the places that is free, else where it meets the least. A place is
// [dx, dy, anchor]: how far it is from the point.
function placed(svg, p, point, places, lines, taken) {
  const { left, top, bottom, edge } = p, wide = widthOf(point.words, svg) + 2;
  let best, least = Infinity;
  for (const [dx, dy, anchor] of places) {
    const y = clamp(point.y + dy, top + TALL - 2, bottom - 5);
    const tried = { ...point, x: point.x + dx, y, anchor }, box = boxOf(tried, wide);
    if (box[0] < left + 1 || box[2] > edge) continue;
    const meets = crossings(box, lines.filter(one => one.p === p)) +
      1e4 * taken.filter(other => overlap(box, other)).length;
    if (meets < least) [best, least] = [tried, meets];
    if (!meets) break;
  }
  if (!best) return "";
  taken.push(boxOf(best, wide));
  return label(best);
}

// The four corners of a point, then farther and farther away.
const AROUND = [0, 14, 30, 50, 75, 105, 140].flatMap(far => [[12, -10, "start"], [-12, -10, "end"],
  [12, 22, "start"], [-12, 22, "end"]].flatMap(([dx, dy, anchor]) =>
  [[dx, dy + Math.sign(dy) * far, anchor], [dx + Math.sign(dx) * far, dy, anchor]]));

// The name of a curve, where it leaves its panel.
function ending(svg, line, words, lines, taken) {
  const { p, color } = line, { top, bottom } = p;
  const last = line.points.findLast(point => point && point[1] >= top && point[1] <= bottom);
  if (!last) return "";
  const point = { x: last[0], y: last[1], words, color };
  const beyond = last[0] > p.right - 2 && p.edge > p.right ? [[8, 4, "start"]] : [];
  return placed(svg, p, point, [...beyond, ...AROUND, ...along(line, last)], lines, taken);
}

// More places for the name of a line: at its other points, as they are seen from the last one.
function along({ points, p }, last) {
  const seen = points.filter(point => point && point[1] >= p.top && point[1] <= p.bottom);
  return [0.85, 0.7, 0.55, 0.4, 0.25, 0.1, 0].flatMap(share => {
    const [x, y] = seen[Math.floor(share * seen.length)] ?? last;
    return AROUND.slice(0, 16).map(([dx, dy, anchor]) =>
      [x - last[0] + dx, y - last[1] + dy, anchor]);
  });
}

// ---- What moves in the picture ------------------------------------------------------------------

// A piece of the line through (x, y), of one length on the screen; dashed if one-sided.
function tangent(p, x, y, slope, from, to) {
  const run = TANGENT / Math.hypot(1, (slope * p.scaleY) / p.scaleX) / p.scaleX;
  const xs = [x + from * run, x + to * run], style = to - from === 2 ? "solid" : "dashed";
  return line(p, xs, xs.map(at => y + slope * (at - x)), DERIVATIVE, 2, style);
}

// The lines of a curve, the cursor and its tangents.
function linesOf([upper, lower], curve) {
  const n = curve.x.length - 1, grid = curve.x.slice(0, n);
  const [x, y, slope, kind] = [curve.x, curve.y, curve.slope, curve.kind].map(values => values[n]);
  const central = curve.drawn.map((value, i) => (curve.kind[i] >= KINK ? NaN : value));
  const curves = [
    line(upper, grid, curve.y.slice(0, n), FUNCTION),
    line(lower, grid, curve.slope.slice(0, n), DERIVATIVE),
    line(lower, grid, central.slice(0, n), INK, 1.8, "dotted"),
  ];
  const cursor = [upper, lower].map(p => line(p, [x, x], p.ylim, QUIET, 1.6, "dashed"));
  const sides = kind !== KINK ? [] : [tangent(upper, x, y, curve.left[n], -1, 0),
    tangent(upper, x, y, curve.right[n], 0, 1)];
  const smooth = kind !== JUMP && isFinite(y + slope);
  if (smooth) sides.push(tangent(upper, x, y, slope, -1, 1));
  return { curves, others: [...cursor, ...sides], smooth };
}

// Curves to compare with: { words, curves: [of f, of f'], color, style } each.
const pinnedLines = (panels, x, pins) => pins.flatMap(({ curves, color, style }) =>
  curves.map((ys, i) => line(panels[i], x, ys, color, 2.2, style)));

function pinnedNames(upper, svg, pins, lines, taken) {
  const { top, bottom, left, right } = upper, across = right - left - 8, up = top - bottom + 18;
  return pins.map(({ words, color }) => {
    const corner = { x: right - 4, y: bottom, words, color };
    const places = [0, 20].flatMap(far => [[0, -8 - far, "end"], [-across, -8 - far, "start"],
      [0, up + far, "end"], [-across, up + far, "start"]]);
    return placed(svg, upper, corner, places, lines, taken);
  });
}

function moving(g, svg, curve, heading, pins) {
  const n = curve.x.length - 1, [x, y, slope] = [curve.x[n], curve.y[n], curve.slope[n]];
  const [upper, lower] = g.panels, { curves, others, smooth } = linesOf(g.panels, curve);
  const kept = pinnedLines(g.panels, curve.x, pins);
  const lines = [...kept, others[0], others[1], ...curves, ...others.slice(2)];
  const parts = lines.map(path), taken = [];
  if (smooth) parts.push(dot(lower, x, slope, DERIVATIVE));
  if (isFinite(y)) parts.push(dot(upper, x, y, FUNCTION));
  parts.push(label({ x: g.left, y: 20, words: heading }));
  parts.push(ending(svg, curves[0], "f(x)", lines, taken));
  parts.push(ending(svg, curves[1], "f\u2032(x)", lines, taken));
  for (const [p, at, name] of smooth ? [[upper, y, "slope "], [lower, slope, ""]] : []) {
    const words = name + fixed(slope, 2), color = DERIVATIVE;
    parts.push(placed(svg, p, { x: p.X(x), y: p.Y(at), words, color }, AROUND, lines, taken));
  }
  return [...parts, ...pinnedNames(upper, svg, pins, lines, taken)].join("");
}

// ---- Controls -----------------------------------------------------------------------------------

// JupyterLab takes keys for itself unless the control that has the focus says otherwise.
const SUPPRESS = "data-lm-suppress-shortcuts", OWN_KEYS = { [SUPPRESS]: "true" };
let lent; // the control that does not, as long as Ctrl or Cmd is held: Ctrl+S saves from anywhere

function lendKeys({ type, key, target }) {
  if (!["Control", "Meta"].includes(key)) return;
  if (type === "keydown") lent ??= target.closest?.(`.ma [${SUPPRESS}]`);
  if (type === "keydown") return lent?.removeAttribute(SUPPRESS);
  lent?.setAttribute(SUPPRESS, "true");
  lent = null;
}

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  const isControl = ["button", "input", "select"].includes(tag);
  const all = isControl ? { ...OWN_KEYS, ...attributes } : attributes;
  for (const [key, value] of Object.entries(all))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A sentence whose numbers stay whole: a browser would break a line after the hyphen of 4e-01.
const whole = words => words.split(/([^\s(]*\de-\d+)/).map((part, i) =>
  (i % 2 ? make("span", { class: "ma-whole" }, part) : part));

const button = (words, onclick) => make("button", { type: "button", onclick }, words);

// What a reader has typed, with a decimal comma or a true minus sign, too; nan if it is no number.
const typed = text => Number(text.trim().replace(",", ".").replace("\u2212", "-") || NaN);

// A slider with its name, and its value in a field to type into. It may lie between two steps.
function slider({ label, min, max, step, start, digits, logarithmic }, changed) {
  const [from, to] = logarithmic ? [v => 10 ** v, Math.log10] : [v => v, v => v], id = unique();
  const written = v => (logarithmic ? magnitude(v, digits) : minus(decimals(v, digits)));
  const range = make("input", { type: "range", id, min, max, step,
    oninput: () => { set(from(+(+range.value).toPrecision(12))); changed(); } });
  const field = make("input", { size: 7, inputmode: "decimal", "aria-label": `${label}, value`,
    onchange: entered, onkeydown: event => event.key === "Enter" && entered() });
  let value;

  function entered() {
    const v = typed(field.value), isNew = field.value.trim() !== written(value);
    if (!isNaN(v) && isNew) set(clamp(v, from(min), from(max)));
    field.value = written(value);
    changed();
  }

  function set(v) {
    value = v;
    range.value = to(v);
    range.setAttribute("aria-valuetext", written(v));
    field.value = written(v);
  }

  set(start);
  return { name: make("label", { for: id }, label), range, field, set, written,
    get value() { return value; } };
}

const valuesOf = sliders =>
  Object.fromEntries(Object.entries(sliders).map(([key, { value }]) => [key, value]));

// What a screen reader says: one place that stays, and only once a movement has come to rest.
function speaker() {
  const place = make("div", { role: "status", class: "ma-hidden" });
  let rests;
  const say = words => {
    clearTimeout(rests);
    rests = setTimeout(() => { place.textContent = words; }, 700);
  };
  return { place, say };
}

// ---- The kernel, where one runs (class Live in explore/live.py) ---------------------------------

const PATIENCE = 2000; // in milliseconds
const SILENT = "the kernel has not answered: it is busy, or was interrupted or restarted. " +
  "If this stays, run the cell again.";

// It is asked what there is to be seen for the values of the controls: one question at a time, and
// then the last that came up meanwhile. hear(found, values) is given arrays of numbers, and texts;
// where no answer comes, a problem. A question may be lost, so then the next one does not wait.
class Kernel {
  constructor(model, hear) {
    Object.assign(this, { model, hear, id: unique(), count: 0, waits: false });
    model.on("change:answered", () => this.answer(model.get("answered")));
  }

  ask(values) {
    if (this.waits && !this.isLate) this.next = values;
    else this.send(values);
  }

  send(values) {
    Object.assign(this, { waits: true, isLate: false, next: undefined });
    this.count += 1;
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.miss(values), PATIENCE);
    try {
      this.model.send({ question: `${this.id} ${this.count}`, values });
    } catch { // there is no way to it any more
      this.miss(values);
    }
  }

  miss(values) {
    clearTimeout(this.patience);
    this.isLate = true;
    this.hear({ problem: SILENT }, this.next ?? values);
    if (this.next) this.send(this.next);
  }

  answer({ question, found, values }) {
    if (question !== `${this.id} ${this.count}`) return; // it was asked from elsewhere
    clearTimeout(this.patience);
    this.waits = false;
    if (this.next) this.send(this.next);
    this.hear(numbersIn(found), values);
  }
}

// Arrays of numbers, from the memory in which they came.
function numbersIn(found) {
  const read = ({ buffer, byteOffset: from, byteLength }) =>
    new Float64Array(buffer.slice(from, from + byteLength));
  return Object.fromEntries(Object.entries(found).map(([name, one]) =>
    [name, typeof one === "string" ? one : read(one)]));
}

// Are they equal, but for what two libraries round otherwise?
const alike = (a, b) => a.length === b.length && a.every((value, i) => value === b[i] ||
  (isNaN(value) && isNaN(b[i])) || Math.abs(value - b[i]) <= 1e-9 * Math.max(1, Math.abs(b[i])));

// ---- The explorer -------------------------------------------------------------------------------

// The figures at the cursor, each below the line that stands for it.
function cellsOf(curve, by, at) {
  const i = curve.x.length - 1;
  return [
    ["x", `solid ${QUIET}`, at],
    ["f(x)", `solid ${FUNCTION}`, shown(curve.y[i])],
    [`f\u2032(x) by ${by}`, `solid ${DERIVATIVE}`, shown(curve.slope[i])],
    ["by central difference", "dotted", byDifference(curve, i)],
    ["difference", `solid ${QUIET}`, difference(curve, i)],
  ].map(([name, rule, value]) => make("div", { style: `border-top: 3px ${rule}` },
    make("div", {}, name), make("b", {}, value)));
}

const ABOUT = { // how the curve was found, and whether it is right
  page: "Computed and checked in this page, by a program that was compared with the package when " +
    "the chapter ran.",
  waits: "Computed and checked in this page; the kernel checks it when the sliders rest.",
  same: "Computed and checked in this page; checked by the kernel, which finds the same.",
  kernel: "Computed and checked by the kernel: this page has no program for it.",
  silent: "Computed and checked in this page; the kernel has not checked it.",
  other: "The kernel finds another curve, which you see: f is no longer what it was when this " +
    "cell ran. Run the cell again.",
};

class Explorer {
  constructor(place, spec, model, hall) { // hall: the gallery in which it is
    if (!spec.program && !model) throw new Error("only a kernel can compute this");
    Object.assign(this, { place, spec, hall, kept: hall?.pins ?? [] });
    this.run = spec.program && compiled(spec.program);
    this.kernel = hall?.kernel ?? (model && new Kernel(model, (...heard) => this.heard(...heard)));
    this.build(place);
    this.resume(model?.get("answered"));
    new ResizeObserver(() => this.width() !== this.g?.width && this.draw()).observe(this.svg);
  }

  resume(answered) { // where a page that was open before has left it
    for (const [key, value] of Object.entries(answered?.values ?? {}))
      this.sliders[key]?.set(value);
    if (this.run) this.redraw();
    else if (answered.found) this.heard(numbersIn(answered.found), answered.values);
    else this.show(unexamined(Float64Array.from(this.grid), "\u2026"), this.values(), "kernel");
    if (this.kernel) this.askSoon();
  }

  build(place) {
    this.grid = gridOf(this.spec.points, this.spec.xlim);
    this.sliders = Object.fromEntries(this.spec.sliders.map(one =>
      [one.key, slider(one, () => this.changed())]));
    this.parameters = Object.keys(this.sliders).filter(key => !["cursor", "h"].includes(key));
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("role", "img");
    this.cells = make("div", { class: "ma-cells" });
    this.verdict = make("p", { class: "ma-verdict" });
    this.about = make("p", { class: "ma-about" });
    this.speaker = speaker();
    place.append(make("div", { class: "ma-explorer" }, this.panel(), this.stage(), this.found()));
    this.drag();
  }

  // What there is in the page.

  stage() { // the cursor's slider stands below the axis, as wide as that
    const { name, range, field } = this.sliders.cursor;
    range.classList.add("ma-cursor");
    const row = make("div", { class: "ma-at" }, name, field);
    return make("div", { class: "ma-stage" }, this.svg, range, row);
  }

  panel() {
    const { cursor, ...others } = this.sliders;
    const rows = Object.values(others).flatMap(({ name, range, field }) => [name, range, field]);
    const presets = this.spec.presets.map(({ name, to }) => button(name, () => this.set(to)));
    if (presets.length) presets.unshift(make("span", {}, "Presets:"));
    const start = Object.fromEntries(this.spec.sliders.map(one => [one.key, one.start]));
    const reset = button("Reset", () => this.set(start));
    this.pin = button("Pin curve", () => this.pinCurve());
    const buttons = [...presets, reset, ...this.pinButtons()];
    return make("div", { class: "ma-panel" }, make("div", { class: "ma-rows" }, ...rows),
      make("div", { class: "ma-buttons" }, ...buttons));
  }

  pinButtons() { // without parameters there is but one curve, and it would hide one that is pinned
    return this.parameters.length ? [this.pin] : [];
  }

  found() {
    const { cells, verdict, about, speaker: { place } } = this;
    return make("div", { class: "ma-found" }, cells, verdict, about, place);
  }

  drag() { // the cursor follows a pointer in the picture
    const { min, max, step } = this.spec.sliders.find(one => one.key === "cursor");
    const follow = event => {
      const { left, width } = this.svg.getBoundingClientRect();
      const x = this.g.panels[0].toX(((event.clientX - left) * this.g.width) / width);
      const nearest = +(min + Math.round((x - min) / step) * step).toPrecision(12);
      this.set({ cursor: clamp(nearest, min, max) });
    };
    this.svg.addEventListener("pointerdown", event => {
      if (event.button) return;
      this.svg.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.svg.addEventListener("pointermove", event =>
      this.svg.hasPointerCapture(event.pointerId) && follow(event));
  }

  // What happens.

  set(values) {
    for (const [key, value] of Object.entries(values)) this.sliders[key].set(value);
    this.changed();
  }

  changed() { // however often before the next frame, it is drawn once
    if (!this.run) this.kernel.ask(this.values());
    else if (!this.asked) this.asked = requestAnimationFrame(() => this.redraw());
    if (this.run && this.kernel) this.askSoon();
  }

  askSoon() {
    clearTimeout(this.rests);
    this.rests = setTimeout(() => this.kernel.ask(this.values()), 150);
  }

  values() {
    return valuesOf(this.sliders);
  }

  redraw() {
    this.asked = 0;
    const { cursor, ...others } = valuesOf(this.sliders); // h comes last
    const x = Float64Array.of(...this.grid, cursor), how = this.kernel ? "waits" : "page";
    this.show(examined(this.run, x, Object.values(others)), this.values(), how);
  }

  // What the engine finds; it is drawn where the page has not found the same.
  heard({ problem, ...fields }, values) {
    const x = Float64Array.of(...this.grid, values.cursor);
    const changed = Object.entries(this.values()).some(([key, value]) => value !== values[key]);
    if (this.run && changed) return;
    const curve = problem ? unexamined(x, problem, fields.y)
      : { x, ...fields, ...distances(fields) };
    if (!this.run) this.show(curve, values, this.isOther ? "other" : "kernel");
    else if (this.curve.problem) this.show(curve, values, "kernel");
    else if (!fields.y) this.about.textContent = ABOUT.silent;
    else if (!problem && ["y", "slope", "kind"].every(one => alike(curve[one], this.curve[one])))
      this.about.textContent = ABOUT.same;
    else {
      this.isOther = !(this.run = null); // from now on the kernel computes
      this.show(curve, values, "other");
    }
  }

  show(curve, shown, how) {
    Object.assign(this, { curve, shown });
    this.about.textContent = ABOUT[how];
    this.draw();
  }

  pinCurve() {
    const { y, slope } = this.curve, words = `grey: ${this.settings() || this.spec.name}`;
    const curves = [y.slice(0, -1), slope.slice(0, -1)];
    this.kept = this.kept.length ? [] : [{ words, curves, color: QUIET, style: "dashed" }];
    this.pin.textContent = this.kept.length ? "Unpin curve" : "Pin curve";
    this.draw();
  }

  // What is drawn and said.

  width() {
    return Math.min(640, Math.floor(this.svg.parentElement.clientWidth)) || 640;
  }

  resize() {
    this.g = layout(this.spec, this.width());
    this.svg.setAttribute("viewBox", `0 0 ${this.g.width} ${this.g.height}`);
    this.svg.innerHTML = `<g aria-hidden="true">${frame(this.g, this.spec)}</g><g></g>`;
    const { range } = this.sliders.cursor; // its handle stands below the cursor
    range.style.marginLeft = `${this.g.left - 8}px`;
    range.style.width = `${this.g.right - this.g.left + 16}px`;
  }

  draw() {
    this.svg.setAttribute("aria-label", this.sentence());
    if (!this.svg.isConnected) return; // JupyterLab attaches it later; its size changes then
    if (this.width() !== this.g?.width) this.resize();
    this.svg.lastChild.innerHTML = this.drawn();
    this.report();
  }

  drawn() {
    const { g, svg, curve, kept } = this;
    return moving(g, svg, curve, this.heading(), kept);
  }

  heading() { // with as much as there is room for
    const values = this.parameters.map(key => this.written(key));
    const room = this.g.crowd ? this.g.right - this.g.left : this.g.width - this.g.left;
    const tries = [this.settings(), values.join(", "), values.length ? "\u2026" : ""].map(inside =>
      `${this.spec.name}(${["x", inside].filter(Boolean).join(", ")})`);
    const fits = tries.find(words => widthOf(words, this.svg) < room);
    return fits ?? fitting(tries[2], room, this.svg);
  }

  written(key) { // the value that the picture was drawn for
    return this.sliders[key].written(this.shown[key]);
  }

  settings() {
    return this.parameters.map(key => `${key} = ${this.written(key)}`).join(", ");
  }

  sentence() { // what the picture shows, for those who do not see it
    const { spec: { name, by }, curve: { x, y, slope, problem } } = this, i = x.length - 1;
    const settings = this.parameters.length ? ` for ${this.settings()}` : "";
    const found = `At x = ${this.written("cursor")}, f(x) = ${fixed(y[i], 4)} and ` +
      `f'(x) = ${fixed(slope[i], 4)} by ${by}.`;
    return `${name} and its derivative${settings}. ${problem ?? found}`;
  }

  report() {
    const { spec: { by }, curve } = this, at = this.written("cursor");
    const [right, head, tail] = verdict(curve, by, this.shown.h);
    this.cells.replaceChildren(...(curve.problem ? [] : cellsOf(curve, by, at)));
    this.verdict.classList.toggle("ma-wrong", !right);
    const sign = right ? "\u2713 " : "\u2717 ";
    this.verdict.replaceChildren(sign, make("b", {}, `${head}:`), " ", ...whole(tail));
    const [y, slope] = [curve.y, curve.slope].map(values => fixed(values.at(-1), 4));
    const found = `x = ${at}: f ${y}, slope ${slope}. ${head}.`;
    const other = this.isOther ? ` ${ABOUT.other}` : "";
    this.speaker.say((curve.problem ? `${head}: ${tail}` : found) + other);
  }
}

// ---- The gallery: one explorer over many functions, and what each does to a crowd of inputs -----

const CROWD = 2000, TALLEST = 0.6; // a density that is higher is cut off
const PINS = [ // as many curves can be compared with the present one
  { color: "#B04A86", style: "dashed", mark: "\u2013 \u2013" },
  { color: QUIET, style: "dotted", mark: "\u00b7\u00b7\u00b7\u00b7" },
];

// Where the normal distribution reaches (i + 1/2) / n, for all i: from the middle outwards, each by
// Newton's method from the one before.
function quantiles(n) {
  const below = [];
  let z = 0;
  for (let i = n / 2 - 1; i >= 0; i--) {
    for (let k = 0; k < 4; k++) {
      const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
      z -= (erfc(-z / Math.SQRT2) / 2 - (i + 0.5) / n) / density;
    }
    below.unshift(z);
  }
  return Float64Array.of(...below, ...below.map(z => -z).reverse());
}

// How densely the values lie in so many bins from low to high.
function densities(values, [low, high], bins) {
  const found = new Float64Array(bins), width = (high - low) / bins;
  for (const value of values) {
    const bin = value === high ? bins - 1 : Math.floor((value - low) / width);
    if (bin >= 0 && bin < bins) found[bin] += 1 / values.length / width;
  }
  return found;
}

// The inputs below the axis of x, and at the right what becomes of them.
function drawnCrowd(g, spec, x, y) {
  const { top, bottom } = g.panels[0], across = densities(x, spec.xlim, 70);
  const up = densities(y, spec.ylims[0], 48), long = value => Math.min(value / TALLEST, 1);
  const wide = (g.right - g.left) / across.length, tall = (bottom - top) / up.length;
  const down = d => `V${(bottom + 36 * long(d)).toFixed(1)}h${wide.toFixed(3)}`;
  const right = d => `H${(g.right + g.crowd * long(d)).toFixed(1)}v${-tall.toFixed(3)}`;
  const below = [...across].map(down), aside = [...up].map(right);
  const shape = (d, color) =>
    `<path d="${d}" fill="${color}" fill-opacity=".3" stroke="${color}"/>`;
  return shape(`M${g.left} ${bottom}${below.join("")}V${bottom}`, QUIET) +
    shape(`M${g.right} ${bottom}${aside.join("")}H${g.right}`, FUNCTION) +
    `<path d="M${g.right} ${top}V${bottom}" stroke="${QUIET}" stroke-width="1.5"/>` +
    label({ x: g.left + 4, y: bottom + 18, words: "inputs", color: QUIET }) +
    label({ x: g.width - 2, y: 20, words: "outputs", color: FUNCTION, anchor: "end" });
}

// What becomes of the crowd, in words; y is empty where f could not be computed.
function crowdInWords([middle, width], y, slope) {
  const inputs = `Inputs: mean ${fixed(middle, 2)}, standard deviation ${fixed(width, 2)}.`;
  if (!y.length) return inputs;
  const lost = y.filter(value => !isFinite(value)).length, average = mean(y);
  if (lost) return `${inputs} Outputs: ${lost} of ${y.length} are not finite.`;
  const deviation = Math.sqrt(mean(y.map(value => (value - average) ** 2)));
  const flat = 100 * mean(slope.map(value => +(Math.abs(value) < 0.01)));
  return `${inputs} Outputs: mean ${fixed(average, 2)}, standard deviation ` +
    `${fixed(deviation, 2)}; for ${decimals(flat, 0)}% of them the slope is below 0.01.`;
}

const NAME = "the function"; // neither this nor a key with a blank is the name of a parameter

class Member extends Explorer {
  pinButtons() {
    return [this.pin, button("Unpin all", () => this.hall.unpin())];
  }

  pinCurve() {
    const { y, slope } = this.curve, curves = [y.slice(0, -1), slope.slice(0, -1)];
    this.hall.keep([this.spec.name, this.settings()].filter(Boolean).join(", "), curves);
  }

  resume(answered) {
    this.push = this.spec.crowd && compiled(this.spec.crowd);
    super.resume(answered?.values?.[NAME] === this.spec.name ? answered : {});
  }

  values() {
    return { ...super.values(), ...valuesOf(this.hall.sliders), [NAME]: this.spec.name };
  }

  heard({ outputs = [], slopes = [], ...found }, values) {
    this.told = [outputs, slopes];
    super.heard(found, values);
  }

  show(curve, shown, how) {
    const inputs = Object.keys(this.hall.sliders).map(key => shown[key]);
    this.x = this.hall.normal.map(z => inputs[0] + inputs[1] * z);
    const [y, slope] = this.run && how !== "kernel" ? this.pushed() : this.told ?? [[], []];
    this.y = y;
    this.said = crowdInWords(inputs, y, slope);
    super.show(curve, shown, how);
  }

  pushed() {
    const { cursor, ...numbers } = valuesOf(this.sliders);
    const { outputs, broken } = this.push([this.x, ...Object.values(numbers)]);
    return broken < 0 ? outputs : [[], []];
  }

  drawn() {
    return super.drawn() + drawnCrowd(this.g, this.spec, this.x, this.y);
  }

  sentence() {
    return `${super.sentence()} ${this.said}`;
  }

  report() {
    super.report();
    this.hall.said.replaceChildren(...whole(this.said));
  }
}

class Gallery {
  constructor(place, spec, model) {
    if (!model && !spec.members.every(one => one.program)) throw new Error("a kernel is needed");
    Object.assign(this, { spec, model, members: [], pins: [], normal: quantiles(CROWD) });
    this.kernel = model && new Kernel(model, (...heard) => this.heard(...heard));
    this.sliders = Object.fromEntries(spec.inputs.map(one =>
      [one.key, slider(one, () => this.inputsChanged())]));
    this.build(place);
    const { values } = model?.get("answered") ?? {}; // where a page was left that was open before
    for (const key of Object.keys(values ? this.sliders : {})) this.sliders[key].set(values[key]);
    this.choose(values?.[NAME] ?? spec.start);
  }

  build(place) {
    const id = unique(), names = this.spec.members.map(({ name }) => make("option", {}, name));
    const choose = () => this.choose(this.spec.members[this.select.selectedIndex].name);
    this.select = make("select", { id, onchange: choose }, ...names);
    this.hall = make("div");
    this.said = make("p", { class: "ma-outcome" });
    const rows = Object.values(this.sliders).flatMap(({ name, range, field }) =>
      [name, range, field]);
    place.append(
      make("div", { class: "ma-buttons" }, make("label", { for: id }, "function"), this.select),
      this.hall,
      make("div", { class: "ma-crowd" }, this.said, make("div", { class: "ma-rows" }, ...rows),
        make("div", { class: "ma-buttons" }, button("Reset inputs", () => this.reset()))),
    );
    const most = Math.max(...this.spec.members.map(({ sliders }) => sliders.length - 1));
    this.hall.style.setProperty("--ma-reserved", most); // nothing moves when another is chosen
  }

  choose(name) {
    const i = this.spec.members.findIndex(one => one.name === name);
    this.select.selectedIndex = i;
    this.members[i] ??= new Member(make("div"), this.spec.members[i], this.model, this);
    this.chosen = this.members[i];
    this.hall.replaceChildren(this.chosen.place);
    this.chosen.changed(); // pins and inputs may have, meanwhile
    this.chosen.draw();
  }

  heard(found, values) {
    const member = this.members.find(one => one?.spec.name === values[NAME]);
    member?.heard(found, values);
  }

  inputsChanged() {
    this.chosen.changed();
    requestAnimationFrame(() => this.chosen.speaker.say(this.chosen.said));
  }

  reset() {
    for (const { key, start } of this.spec.inputs) this.sliders[key].set(start);
    this.inputsChanged();
  }

  // Keep two curves in a free look, or in that of the oldest.
  keep(name, curves) {
    const free = PINS.find(look => !this.pins.some(({ color }) => color === look.color));
    const { mark, ...look } = free ?? PINS.find(({ color }) => color === this.pins[0].color);
    if (!free) this.pins.shift();
    this.pins.push({ words: `${mark} ${name}`, curves, ...look });
    this.chosen.draw();
  }

  unpin() {
    this.pins.length = 0;
    this.chosen.draw();
  }
}

// ---- Predictions --------------------------------------------------------------------------------

// What was predicted is known by the text of the question and its options: to all copies of this
// file in the page, and to the next visit where the browser keeps it.
const CHOSEN = "ma-chosen";
const keyOf = ({ question, options }) =>
  `mini-autograd: ${JSON.stringify([question, ...options])}`;

function kept(key) {
  try { return localStorage.getItem(key); } catch { return null; } // it may be forbidden
}

function chosen(spec) {
  const key = keyOf(spec), option = document.maChosen?.get(key) ?? kept(key);
  return spec.options.includes(option) ? option : undefined;
}

function choose(spec, option) {
  const key = keyOf(spec);
  (document.maChosen ??= new Map()).set(key, option);
  try { localStorage.setItem(key, option); } catch { /* the page still knows it */ }
  document.dispatchEvent(new Event(CHOSEN));
}

class Prediction {
  constructor(place, spec) {
    this.spec = spec;
    const name = unique();
    this.radios = spec.options.map(value => make("input", { type: "radio", name, value,
      onchange: () => choose(spec, value) }));
    const rows = spec.options.map((option, i) => make("label", {}, this.radios[i], option));
    const legend = make("legend", {}, make("b", {}, "Predict. "), spec.question);
    this.reply = make("p", { role: "status" });
    place.append(make("fieldset", { class: "ma-asked" }, legend, ...rows, this.reply));
    document.addEventListener(CHOSEN, () => this.draw());
    this.draw();
  }

  draw() {
    const option = chosen(this.spec), none = option === undefined;
    for (const radio of this.radios) radio.checked = radio.value === option;
    const words = none ? "Choose before you read on."
      : `You chose \u201c${option}\u201d. Read on to test it.`;
    if (this.reply.textContent !== words) this.reply.textContent = words;
  }
}

class Answer {
  constructor(place, spec) {
    this.spec = spec;
    this.found = make("div");
    const question = make("p", { class: "ma-question" }, spec.question);
    place.append(make("div", { class: "ma-asked" }, question, this.found));
    document.addEventListener(CHOSEN, () => this.draw());
    this.draw();
  }

  draw() {
    const { measured, words } = this.spec, option = chosen(this.spec), none = option === undefined;
    const said = [make("span", {}, "Measured: \u201c", make("b", {}, measured), "\u201d.")];
    if (!none) said.unshift(`${option === measured ? "\u2713" : "\u2717"} You predicted \u201c`,
      make("b", {}, option), "\u201d. ");
    const found = make("p", { class: none ? "" : "ma-verdict" }, ...said);
    found.classList.toggle("ma-wrong", !none && option !== measured);
    const all = words ? [found, make("p", {}, words)] : [found];
    this.found.replaceChildren(...(none ? this.folded(all) : all));
  }

  folded(all) {
    const summary = make("summary", OWN_KEYS, "Show the answer");
    return [make("p", {}, "You have made no prediction yet: choose above, or look."),
      make("details", {}, summary, ...all)];
  }
}

const ASKED_STYLE = `
.ma .ma-asked { border: 1px solid var(--ma-rim); border-radius: 4px; margin: 0;
  padding: 8px 14px 10px; max-width: 640px; box-sizing: border-box; min-width: 0; }
.ma .ma-asked legend { float: left; width: 100%; padding: 0; margin: 0 0 4px; font: inherit; }
.ma .ma-asked label { display: flex; gap: 8px; align-items: baseline; clear: both; padding: 4px 0;
  margin: 0; cursor: pointer; }
.ma .ma-asked input { width: auto; height: auto; margin: 0; flex: none; translate: 0 1px;
  accent-color: var(--ma-accent); }
.ma .ma-asked p { margin: 6px 0 0; clear: both; }
.ma .ma-asked .ma-question { margin: 0; }
.ma .ma-asked .ma-verdict { min-height: 0; }
.ma .ma-asked summary { cursor: pointer; margin-top: 6px; padding: 3px 0; }
@media (pointer: coarse) { .ma .ma-asked label, .ma .ma-asked summary { padding: 10px 0; } }
`;

// ---- Program view: an explorer, and the program of f and its derivative ------------------------

const PARTS = { F: "forward", B: "back" };

// For each line of a program the names of the inputs on which its value depends.
function dependence({ inputs, lines }) {
  const found = new Map(inputs.map((text, i) => [`x${i}`, [text.split(" ")[1]]]));
  lines.forEach((line, i) => {
    const words = line.split(" ").filter(word => found.has(word));
    found.set(`v${i}`, [...new Set(words.flatMap(word => found.get(word)))]);
  });
  return lines.map((_, i) => found.get(`v${i}`));
}

// The lines, the value of each at the cursor, and lit those that depend on what was moved.
class Listing {
  constructor({ program, lines, outputs }) {
    Object.assign(this, { run: compiled(program), needs: dependence(program) });
    this.names = program.inputs.map(text => text.split(" ")[1]);
    this.lit = make("p", { class: "ma-lit" });
    this.marks = lines.map(() => make("span", { class: "ma-mark" }));
    this.values = lines.map(() => make("span", { class: "ma-value" }));
    this.rows = lines.map((line, i) => make("li", {}, this.marks[i],
      make("abbr", { title: PARTS[line[0]] }, line[0]),
      make("span", { class: "ma-code" }, line.slice(2)), this.values[i]));
    const returned = make("span", { class: "ma-code" }, `return ${outputs.join(", ")}`);
    const result = make("li", {}, make("span"), make("span"), returned, "f, f\u2032");
    const key = make("p", { class: "ma-about" }, "F forward, B the walk back. On the right, " +
      "what each line gives at the cursor.");
    this.autograd = make("p", {}, "In JupyterLab, once this cell has run, " +
      "the kernel adds what autograd says.");
    this.place = make("div", { class: "ma-listing" }, this.lit,
      make("ol", { class: "ma-lines" }, ...this.rows, result), this.autograd, key);
  }

  update(values) {
    const moved = this.names.filter(name => values[name] !== this.before?.[name]);
    if (!this.before) this.show([this.names[1] ?? "x"]); // nothing was moved yet
    else if (moved.length) this.show(moved);
    this.before = values;
    const { outputs } = this.run(this.names.map(name => values[name]));
    outputs.forEach(([value], i) => { this.values[i].textContent = shown(value); });
  }

  show(moved) {
    const isLit = this.needs.map(names => names.some(name => moved.includes(name)));
    isLit.forEach((on, i) => {
      this.rows[i].classList.toggle("ma-on", on);
      this.marks[i].textContent = on ? "\u25C6" : "";
    });
    const count = isLit.filter(Boolean).length, names = moved.join(" or ");
    this.lit.textContent = `\u25C6 ${count} of ${isLit.length} lines depend on ${names}.`;
  }
}

class ProgramView extends Explorer {
  constructor(place, spec, model) {
    super(place, spec);
    this.listing = new Listing(spec.listing);
    const grid = place.querySelector(".ma-explorer");
    grid.classList.add("ma-program");
    grid.lastChild.before(this.listing.place); // on a phone it follows the picture
    this.engine = model && new Kernel(model, ({ autograd, problem }) => {
      this.listing.autograd.textContent = `The kernel: ${problem ?? autograd}`;
    });
    this.follow();
  }

  follow() {
    this.listing.update(this.at());
    this.engine?.ask(this.values());
  }

  at() {
    const { cursor, ...others } = this.sliders;
    const pairs = Object.entries({ x: cursor, ...others }).map(([key, one]) => [key, one.value]);
    return Object.fromEntries(pairs);
  }

  redraw() {
    super.redraw();
    if (this.listing) this.follow(); // not yet there when all is drawn for the first time
  }
}

// ---- The general picture: marks in panels, that a program computes from sliders -----------------

const COLORS = { function: FUNCTION, derivative: DERIVATIVE, quiet: QUIET, agreement: AGREEMENT,
  ink: INK };
const colorOf = name => (Object.hasOwn(COLORS, name) ? COLORS[name] : INK);
const EMPTY = { words: [""], forms: [], arrays: [] };
const still = said => (said ?? EMPTY).words.join("\u2007"); // without its numbers

const isMatrix = one => one.ylim[0] > one.ylim[1];

// How far the axes of a panel stay from its sides, so that the names around them have room.
function margins(one, svg, narrow, each) {
  const widest = names => Math.max(0, ...names.map(name => widthOf(name, svg)));
  const rows = one.panel.flatMap(mark => mark.rows ?? []), most = narrow ? 84 : 120;
  const curves = one.panel.filter(({ mark }) => mark === "curve");
  const room = Math.min(widest(curves.map(({ name }) => still(name))), most);
  const above = 12 + 20 * [one.title, one.ylabel].filter(Boolean).length;
  const left = isMatrix(one) ? Math.min(widest(rows), 0.4 * each) + 12
    : roomFor(one.ylim);
  const right = room ? room + 12 : 16;
  return { left, right, above, below: 26 + (one.xlabel ? 18 : 0) };
}

// Where each panel lies if the picture is so wide: side by side where asked and there is room.
function arranged(rows, svg, width) {
  const narrow = width < 480, panels = [];
  let top = 0;
  for (const row of narrow ? rows.flat().map(one => [one]) : rows) {
    const each = width / row.length, around = row.map(one => margins(one, svg, narrow, each));
    const [above, below] = ["above", "below"].map(side => Math.max(...around.map(a => a[side])));
    row.forEach((one, i) => {
      const from = i * each, edge = from + each - 2, bottom = top + above + one.height;
      const box = { left: from + around[i].left, right: edge - around[i].right, edge, bottom };
      panels.push({ ...one, from, ...panelOf({ ...box, top: top + above }, one.xlim, one.ylim) });
    });
    top += above + Math.max(...row.map(one => one.height)) + below + 8;
  }
  return { width, height: top, panels };
}

// All of a panel that does not move; what a pointer can take hold of says so.
function scaffold(p, svg) {
  const [x, y] = p.pointer, wide = clamp(Math.round((p.right - p.left) / 75), 2, 7);
  const tall = clamp(Math.round((p.bottom - p.top) / 36), 2, 6);
  const counted = p.panel.some(({ mark }) => mark === "bars") ? 0 : wide;
  const parts = [isMatrix(p) ? clipOf(p) : axes(p, [counted, tall])];
  const fit = (words, room) => fitting(String(words), room, svg);
  if (p.xlabel)
    parts.push(mark(p.right, p.bottom + 36, fit(p.xlabel, p.right - p.from), "end"));
  if (p.ylabel) parts.push(mark(p.left - 8, p.top - 10, fit(p.ylabel, p.edge - p.left)));
  const cursor = x && y ? "move" : x ? "ew-resize" : "ns-resize", touch = y ? "none" : "pan-y";
  const style = `fill: transparent; cursor: ${cursor}; touch-action: ${touch}`;
  if (x || y) parts.push(`<rect ${boxed(p)} style="${style}"/>`);
  return parts.join("");
}

// What there is to draw of each mark, of which lines it consists, and where no label may stand.
const MARKS = {
  curve(p, { color, width, style }, [x, y]) {
    const one = line(p, x, y, colorOf(color), +width, style);
    return { drawn: path(one), lines: [one] };
  },
  points(p, { color, size }, [xs, ys]) {
    const all = Array.from(xs, (x, i) => [x, ys[i]]).filter(([x, y]) => !isNaN(x + y));
    const seen = all.filter(point => isIn(p, ...point)), last = isIn(p, ...(all.at(-1) ?? []));
    const corners = ([x, y]) => [-size, +size].flatMap(r => [p.X(x) + r, p.Y(y) + r]);
    const dots = seen.map(([x, y]) => dot(p, x, y, colorOf(color), +size));
    return { drawn: dots.join(""), boxes: seen.map(corners), last };
  },
  bars(p, { color, names, digits }, [heights], svg, outputs) {
    const look = `fill="${colorOf(color)}" fill-opacity=".6" clip-path="url(#${p.id})"`;
    const numbers = Array.from(heights, height =>
      (digits === null || isNaN(height) ? "" : fixed(height, digits)));
    const fit = numbers.every(words => widthOf(words, svg) < p.X(1) - p.X(0) + 6);
    const parts = Array.from(heights, (height, i) => {
      const [from, to] = [p.Y(0), p.Y(isNaN(height) ? 0 : height)], top = Math.min(from, to);
      const above = clamp(to > from ? to + 15 : to - 5, p.top + 12, p.bottom - 4);
      return `<rect ${rectangle(p.X(i - 0.4), top, p.X(i + 0.4), Math.max(from, to))} ${look}/>` +
        mark(p.X(i).toFixed(1), above.toFixed(1), fit ? numbers[i] : "", "middle");
    });
    const words = (names ?? []).map(name => sentence(name, outputs));
    return { drawn: parts.join("") + below(p, words, svg) };
  },
  cells(p, { shape: [height, width], rows, columns, limits, digits }, [matrix, lit], svg) {
    const wide = (p.right - p.left) / width, tall = (p.bottom - p.top) / height, parts = [];
    const gap = isMatrix(p) ? 1 : 0, written = digits !== null && wide > 12 + 8 * (digits + 2);
    for (let i = 0; i < matrix.length; i++) {
      const row = Math.floor(i / width), left = p.left + (i % width) * wide;
      const top = isMatrix(p) ? p.top + row * tall : p.bottom - (row + 1) * tall;
      const box = rectangle(left + gap, top + gap, left + wide - gap, top + tall - gap);
      const words = written && tall > 17 && isFinite(matrix[i]) ? fixed(matrix[i], digits) : "";
      const middle = [left + wide / 2, top + tall / 2], large = Math.min(wide, tall) > 13;
      parts.push(cell(matrix[i], box, limits, middle, words, large));
      if (lit?.[i]) parts.push(`<rect ${box} fill="none" stroke="${INK}" stroke-width="2.5"/>`);
    }
    return { drawn: parts.join("") + beside(p, rows ?? [], svg) + below(p, columns ?? [], svg) };
  },
};

function rectangle(...sides) { // rounded so that neighbours meet
  const [left, top, right, bottom] = sides.map(side => Math.round(10 * side) / 10);
  return `x="${left}" y="${top}" width="${(right - left).toFixed(1)}" ` +
    `height="${(bottom - top).toFixed(1)}"`;
}

// A cell of a matrix: blue above 0, orange below. If there is no room for a number, those below 0
// bear a stroke, for colour alone is not seen by all.
function cell(value, box, [low, high], [x, y], words, stroked) {
  if (isNaN(value)) return "";
  const share = low >= 0 ? (value - low) / (high - low) : value / Math.max(-low, high);
  const strength = Math.min(Math.abs(low >= 0 ? Math.max(share, 0) : share), 1);
  const filled = `<rect ${box} fill="${share < 0 ? DERIVATIVE : FUNCTION}" ` +
    `fill-opacity="${(0.6 * strength).toFixed(3)}" shape-rendering="crispEdges"/>`;
  if (words) return filled + mark(x.toFixed(1), (y + 4.5).toFixed(1), words, "middle");
  return stroked && share < -0.05 ? `${filled}<path d="M${(x - 3).toFixed(1)} ${y.toFixed(1)}h6" ` +
    `stroke="${INK}" stroke-opacity=".6"/>` : filled;
}

// Names at the left of rows, or of every second or third if these are flat.
function beside(p, names, svg) {
  const tall = (p.bottom - p.top) / names.length, every = Math.ceil(15 / tall);
  return names.map((name, i) => (i % every ? "" : mark(p.left - 8,
    (p.top + (i + 0.5) * tall + 4).toFixed(1), fitting(name, p.left - p.from - 8, svg), "end")))
    .join("");
}

// Names below the axis, one at each whole number, or at every second or third if they are long.
function below(p, all, svg) {
  const room = p.X(1) - p.X(0), names = all.map(name => fitting(name, p.left - p.from + room, svg));
  const widest = Math.max(0, ...names.map(name => widthOf(name, svg)));
  const every = Math.ceil((widest + 6) / room);
  return names.map((name, i) => (i % every ? "" :
    mark(p.X(i).toFixed(1), p.bottom + 18, name, "middle"))).join("");
}

// What the marks of all panels are made of, of those that are wanted.
function marked(panels, svg, outputs, wanted) {
  return panels.flatMap(p => p.panel.filter(wanted).map(one => {
    if (!Object.hasOwn(MARKS, one.mark)) throw new Error(`no mark ${one.mark}`);
    const data = one.arrays.map(i => outputs[i]);
    return { p, one, lines: [], boxes: [], ...MARKS[one.mark](p, one, data, svg, outputs) };
  }));
}

// All that moves: first what is drawn, then the names, where they meet nothing of it.
function drawn(panels, all, svg, outputs) {
  const lines = all.flatMap(made => made.lines), taken = all.flatMap(made => made.boxes);
  const titles = panels.map(p => (p.title ? heading(p, svg, outputs) : ""));
  const names = all.map(made => (made.one.name ? named(made, svg, outputs, lines, taken) : ""));
  return [...all.map(made => made.drawn), ...titles, ...names].join("");
}

// The name of a curve, or of the last one of some points, if that is to be seen.
function named({ p, one, lines: [line], boxes, last }, svg, outputs, lines, taken) {
  const words = fitting(sentence(one.name, outputs), 0.6 * (p.right - p.left), svg);
  const [left, top] = boxes.at(-1) ?? [];
  if (line) return ending(svg, line, words, lines, taken);
  const point = { x: left + one.size, y: top + one.size, words, color: colorOf(one.color) };
  return last ? placed(svg, p, point, AROUND, lines, taken) : "";
}

const heading = (p, svg, outputs) => label({ x: p.left - (isMatrix(p) ? 0 : 8),
  y: p.top - (p.ylabel ? 30 : 10),
  words: fitting(sentence(p.title, outputs), p.edge - p.left, svg) });

// A button that moves a slider from where it is to its end, or from its start if it is there. A
// step waits as long as the picture of the one before is awaited.
function player({ label, min, max, step }, { range }, awaited) {
  const steps = Math.floor((max - min) / step + 1e-9), last = min + steps * step;
  let timer, ticking = false;
  const stop = () => { timer = clearInterval(timer); made.textContent = `Play ${label}`; };
  const move = to => {
    ticking = true;
    range.value = to;
    range.dispatchEvent(new Event("input"));
    ticking = false;
  };
  const made = button(`Play ${label}`, () => {
    if (timer) return stop();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const each = calm ? Math.ceil(steps / 5) : Math.max(1, Math.round(steps / 120));
    if (+range.value >= last - step / 2) move(min);
    made.textContent = `Pause ${label}`;
    timer = setInterval(() => {
      if (made.isConnected && awaited()) return;
      move(Math.min(max, +range.value + each * step));
      if (+range.value >= last - step / 2 || !made.isConnected) stop();
    }, calm ? 1000 : clamp((6000 * each) / steps, 50, 400));
  });
  made.classList.add("ma-play");
  return { button: made, moved: () => ticking || !timer || stop() };
}

// A choice of one among some words; the first one at the start.
function choice({ label, options }, changed) {
  const name = unique();
  const inputs = options.map((value, i) => make("input", { type: "radio", name, value,
    onchange: changed, ...(i ? {} : { checked: "" }) }));
  const labels = inputs.map((input, i) => make("label", {}, input, options[i]));
  const place = make("fieldset", { class: "ma-choice" }, make("legend", {}, label),
    ...labels);
  return { place, get index() { return inputs.findIndex(one => one.checked); },
    get value() { return options[this.index]; }, size: options.length,
    set: value => { inputs[options.indexOf(value)].checked = true; } };
}

// A sheet that a reader paints cell by cell: with a pointer, or by arrow keys and Space.
class Sheet {
  constructor({ label, start }, changed) {
    const height = start.length, width = start[0].length;
    Object.assign(this, { changed, width, value: Array(height * width).fill(0) });
    this.cells = Array.from(this.value, (_, i) => make("div", { role: "gridcell",
      class: "ma-pixel", "aria-label": `row ${Math.floor(i / width) + 1}, ` +
        `column ${(i % width) + 1}` }));
    const rows = start.map((_, r) => make("div", { role: "row" },
      ...this.cells.slice(r * width, (r + 1) * width)));
    this.grid = make("div", { role: "grid", "aria-label": label, class: "ma-sheet", ...OWN_KEYS,
      style: `--ma-columns: ${width}`, onpointerdown: event => this.press(event),
      onpointermove: event => this.drag(event), onkeydown: event => this.key(event) }, ...rows);
    this.place = make("div", {}, make("div", {}, label), this.grid);
    this.set(start);
    this.go(0);
  }

  set(matrix) {
    matrix.flat().forEach((to, i) => this.fill(i, to));
  }

  fill(i, to) {
    this.value[i] = to;
    this.cells[i].setAttribute("aria-selected", to > 0.5);
  }

  paint(i) {
    if (this.value[i] === this.ink) return;
    this.fill(i, this.ink);
    this.changed();
  }

  turn(i) { // the pen writes from here on what this cell was not
    this.ink = +!this.value[i];
    this.paint(i);
  }

  go(to) { // one cell at a time is reached by Tab
    this.cells.forEach((cell, i) => cell.setAttribute("tabindex", i === to ? 0 : -1));
    this.at = to;
  }

  press(event) {
    const i = this.cells.indexOf(event.target);
    if (i < 0 || event.button) return;
    this.grid.setPointerCapture(event.pointerId);
    this.go(i);
    this.cells[i].focus();
    this.turn(i);
  }

  drag({ pointerId, clientX, clientY }) {
    if (!this.grid.hasPointerCapture(pointerId)) return;
    const i = this.cells.indexOf(document.elementFromPoint(clientX, clientY));
    if (i >= 0) this.paint(i);
  }

  key(event) {
    const { at, width, cells } = this, column = at % width, turns = [" ", "Enter"];
    const by = { ArrowLeft: column ? -1 : 0, ArrowRight: column < width - 1 ? 1 : 0,
      ArrowUp: -width, ArrowDown: width }[event.key];
    if (by === undefined && !turns.includes(event.key)) return;
    event.preventDefault();
    if (by === undefined) return this.turn(at);
    if (cells[at + by]) this.go(at + by);
    cells[this.at].focus();
  }
}

class Drawing {
  constructor(place, spec, model) {
    if (spec.about && !model) throw new Error(spec.about);
    const runs = spec.pictures.map(({ program }) => compiled(program));
    const kernel = model && new Kernel(model, found => this.heard(found));
    const moved = () => this.changed();
    Object.assign(this, { spec, runs, kernel });
    this.sliders = Object.fromEntries(spec.sliders.map(one => [one.key, slider(one, moved)]));
    this.choices = Object.fromEntries(spec.choices.map(one => [one.key, choice(one, moved)]));
    this.sheets = Object.fromEntries((spec.sheets ?? []).map(one =>
      [one.key, new Sheet(one, moved)]));
    this.build(place);
    this.drag();
    this.resume(model?.get("answered"));
    new ResizeObserver(() => this.width() !== this.g?.width && this.draw()).observe(this.svg);
  }

  build(place) {
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("role", "img");
    this.svg.classList.add("ma-drawn");
    this.said = make("p");
    this.speaker = speaker();
    const { longest, about } = this.spec;
    const reserved = make("p", { class: "ma-reserved", "aria-hidden": "true" },
      ...whole(longest));
    const said = make("div", { class: "ma-said" }, this.said, reserved);
    const why = about ? [make("p", { class: "ma-about" }, about)] : [];
    const found = make("div", { class: "ma-found" }, said, ...why, this.speaker.place);
    const stage = make("div", { class: "ma-stage" }, this.svg);
    place.append(make("div", { class: "ma-explorer" }, this.panel(), stage, found));
  }

  resume({ values, found } = {}) { // where a page that was open before has left it
    this.put(values ?? {});
    this.redraw();
    if (found) this.heard(numbersIn(found));
  }

  panel() {
    const { sliders, choices, sheets, spec } = this;
    const rows = Object.values(sliders).flatMap(({ name, range, field }) => [name, range, field]);
    const chosen = Object.values({ ...sheets, ...choices }).map(one => one.place);
    return make("div", { class: "ma-panel" }, ...chosen,
      make("div", { class: "ma-rows" }, ...rows),
      make("div", { class: "ma-buttons" }, ...this.buttons(spec)));
  }

  buttons({ sliders, choices, sheets = [], presets, play }) {
    const start = [...sliders, ...choices, ...sheets].map(one => [one.key, one.start]);
    const named = presets.map(({ name, to }) => button(name, () => this.set(to)));
    if (named.length) named.unshift(make("span", {}, "Presets:"));
    const played = sliders.find(one => one.key === play);
    if (played) named.unshift((this.player = this.playerOf(played)).button);
    return [...named, button("Reset", () => this.set(Object.fromEntries(start)))];
  }

  playerOf(one) {
    return player(one, this.sliders[one.key], () => this.asked || this.kernel?.waits);
  }

  drag() { // sliders follow a pointer in a panel that names them
    let held;
    const follow = ([x, y]) => {
      const pairs = held.pointer.map((key, i) => [key, i ? held.toY(y) : held.toX(x)]);
      this.set(Object.fromEntries(pairs.filter(([key]) => key).map(([key, value]) =>
        [key, this.nearest(key, value)])));
    };
    const within = ([x, y]) => p => p.pointer.some(Boolean) &&
      x >= p.left && x <= p.right && y >= p.top && y <= p.bottom;
    this.svg.addEventListener("pointerdown", event => {
      held = this.g.panels.find(within(this.where(event)));
      if (event.button || !held) return;
      this.svg.setPointerCapture(event.pointerId);
      follow(this.where(event));
    });
    this.svg.addEventListener("pointermove", event =>
      this.svg.hasPointerCapture(event.pointerId) && follow(this.where(event)));
  }

  where({ clientX, clientY }) { // in pixels of the picture
    const { left, top, width } = this.svg.getBoundingClientRect(), scale = this.g.width / width;
    return [(clientX - left) * scale, (clientY - top) * scale];
  }

  nearest(key, value) { // of the values that a slider has
    const { min, max, step, logarithmic } = this.spec.sliders.find(one => one.key === key);
    const at = logarithmic ? Math.log10(Math.max(value, 1e-300)) : value;
    const near = clamp(+(min + Math.round((at - min) / step) * step).toPrecision(12), min, max);
    return logarithmic ? 10 ** near : near;
  }

  put(values) {
    const controls = { ...this.sliders, ...this.choices, ...this.sheets };
    for (const [key, value] of Object.entries(values)) controls[key].set(value);
  }

  set(values) {
    this.put(values);
    this.changed();
  }

  changed() { // however often before the next frame, it is drawn once
    this.player?.moved();
    this.touched = true; // before, a screen reader has nothing to tell
    if (!this.asked) this.asked = requestAnimationFrame(() => this.redraw());
  }

  redraw() {
    this.asked = 0;
    const chosen = Object.values(this.choices).reduce((n, one) => n * one.size + one.index, 0);
    const values = valuesOf({ ...this.sliders, ...this.sheets });
    const { outputs, broken } = this.runs[chosen]?.(Object.values(values)) ?? { broken: 0 };
    this.asks = broken >= 0 && this.kernel;
    if (this.asks) this.kernel.ask({ ...values, ...valuesOf(this.choices) });
    else this.show(this.spec.pictures[chosen], outputs, broken < 0 ? "" : UNKNOWN_WAY);
  }

  heard({ problem, picture, ...outputs }) {
    if (!this.asks) return; // the page has found another picture since
    const last = this.picture ?? { rows: [] };
    if (problem) this.show(last, this.outputs, `Problem: ${problem}`);
    else if (picture === last.text) this.show(last, outputs);
    else this.show({ ...JSON.parse(picture), text: picture }, outputs);
  }

  show(picture, outputs, problem = "") {
    if (picture !== this.picture) this.g = null; // another picture has axes of its own
    Object.assign(this, { picture, outputs, problem });
    this.draw();
  }

  width() {
    return Math.min(640, Math.floor(this.svg.parentElement.clientWidth)) || 640;
  }

  resize() {
    const { svg, picture, outputs } = this;
    this.g = arranged(picture.rows, svg, this.width());
    svg.setAttribute("viewBox", `0 0 ${this.g.width} ${this.g.height}`);
    const frame = this.g.panels.map(p => scaffold(p, svg)).join("");
    const still = marked(this.g.panels, svg, outputs, one => this.isFixed(one));
    const below = still.map(made => made.drawn).join("");
    svg.innerHTML = `<g aria-hidden="true">${below}${frame}</g><g></g>`;
  }

  isFixed({ mark, arrays }) { // a map of many cells need not be drawn at each move
    const outputs = this.picture.program?.outputs;
    return outputs && mark === "cells" && arrays.every(i => !/^[vx]/.test(outputs[i]));
  }

  draw() {
    const { svg, picture, outputs, problem } = this;
    const words = problem || sentence(picture.words, outputs);
    svg.setAttribute("aria-label", words);
    this.said.replaceChildren(...whole(words));
    if (!svg.isConnected) return; // JupyterLab attaches it later; its size changes then
    if (this.width() !== this.g?.width) this.resize();
    const { panels } = this.g, moving = one => !this.isFixed(one);
    svg.lastChild.innerHTML = problem ? ""
      : drawn(panels, marked(panels, svg, outputs, moving), svg, outputs);
    if (this.touched) this.speaker.say(words);
  }
}

// ---- Walks --------------------------------------------------------------------------------------

const DIGITS = 4;

// Four digits, rounded as Python does: to the even one of two that are equally near.
function significant(value) {
  if (!isFinite(value)) return minus(decimals(value, 0));
  const size = Math.abs(value), exact = size.toExponential(DIGITS + 24).split("e")[0];
  const tie = /^50*$/.test(exact.slice(DIGITS + 1)) && /[02468]$/.test(exact.slice(0, DIGITS + 1));
  let [mantissa, power] = size.toExponential(DIGITS - 1).split("e");
  if (tie) [mantissa, power] = [exact.slice(0, DIGITS + 1), size.toExponential(40).split("e")[1]];
  const sign = value < 0 ? "\u2212" : "";
  if (power >= -4 && power < DIGITS) return sign + Number(`${mantissa}e${power}`);
  return `${sign}${+mantissa}e${power.replace(/^([+-])(\d)$/, "$10$2")}`;
}

// A text, in which 3 stands for value 3, and [3] for a list of several.
function worded(text, values) {
  if (typeof text === "string") return text;
  return text.map(part => {
    if (typeof part === "string") return part;
    const numbers = Array.from(values[part], significant);
    return Array.isArray(part) ? `[${numbers.join(" ")}]` : numbers[0];
  }).join("");
}

const pixel = v => (+v).toFixed(1);

// Points from an input to the result, by lines and curves in turn: a line comes first.
function edgePath([first, ...points], begin) {
  const d = points.map(([x, y], i) => {
    const [before] = points[i - 1] ?? first, middle = pixel((before + x) / 2);
    if (i % 2 === 0) return `L${pixel(x)} ${pixel(y)}`;
    return `C${middle} ${pixel(points[i - 1][1])} ${middle} ${pixel(y)} ${pixel(x)} ${pixel(y)}`;
  });
  return `M${pixel(first[0] + begin)} ${pixel(first[1])}${d.join("")}`;
}

function drawnEdge(points, passed, now) {
  const [[x, y]] = points, [endX, endY] = points.at(-1), color = now ? DERIVATIVE : QUIET;
  const line = `<path d="${edgePath(points, passed === undefined ? 0 : 10)}" fill="none" ` +
    `stroke="${color}" stroke-width="${now ? 2.6 : 1.6}"/>`;
  if (passed === undefined) return line;
  const arrow = `<path d="M${pixel(x + 2)} ${pixel(y)}l9 -5v10z" fill="${color}"/>`;
  const over = { x: endX - 6, y: endY - 4, words: passed, color: DERIVATIVE, anchor: "end" };
  return line + arrow + label(over);
}

function drawnBox({ at: [x, y], kind, differentiable }, [wide, tall], words, now) {
  const [title, value, gradient] = words;
  const place = `x="${pixel(x - wide / 2)}" y="${pixel(y - tall / 2)}"`;
  const look = `stroke="${now ? DERIVATIVE : QUIET}" stroke-width="${now ? 3 : 1.6}"`;
  const box = `<rect ${place} width="${pixel(wide)}" height="${pixel(tall)}" fill="none" ${look} ` +
    `rx="${kind === "result" ? 6 : 20}"/>`;
  const short = title.length < 18 ? title : `${title.slice(0, 16)}\u2026`;
  const lines = [[short, INK, 600], [value, FUNCTION, 600]];
  if (differentiable) lines.push([`gradient ${gradient}`, DERIVATIVE, 400]);
  const rows = differentiable ? [-16, 5, 25] : [-6, 15];
  return box + lines.map(([text, color, weight], i) => `<text x="${pixel(x)}" ` +
    `y="${pixel(y + rows[i])}" text-anchor="middle" fill="${readable(color)}" ` +
    `style="font-weight:${weight}">${plain(text)}</text>`).join("");
}

const PLAY = "Play steps", PAUSE = 2500; // milliseconds from step to step

class Walk {
  constructor(place, spec) {
    Object.assign(this, { spec, place, at: 0, values: [] });
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const [width, height] = spec.size.map(pixel), size = { width, height, role: "img" };
    if (!(width > 0 && height > 0)) throw new Error("no size");
    for (const [key, value] of Object.entries({ ...size, viewBox: `0 0 ${width} ${height}` }))
      this.svg.setAttribute(key, value);
    this.frame = make("div", { class: "ma-graph", tabindex: 0, role: "group",
      "aria-label": "graph" }, this.svg);
    this.said = make("div", { class: "ma-told" }, ...spec.steps.map(() => make("div")));
    this.speaker = speaker();
    place.append(...this.controls(), this.frame, this.said, this.speaker.place);
    this.compute();
    new ResizeObserver(() => this.reveal()).observe(this.frame);
  }

  controls() {
    this.back = button("\u2190 Back", () => this.stop(this.at - 1));
    this.next = button("Next \u2192", () => this.stop(this.at + 1));
    this.play = button(PLAY, () => (this.playing ? this.stop(this.at) : this.start()));
    const row = make("div", { class: "ma-buttons" }, this.back, this.next, this.play);
    const { sliders = [], program } = this.spec;
    if (!program) return [row];
    this.run = compiled(program);
    this.sliders = sliders.map(one => slider(one, () => this.changed()));
    const rows = this.sliders.flatMap(({ name, range, field }) => [name, range, field]);
    return [make("div", { class: "ma-rows" }, ...rows), row];
  }

  // What happens.

  changed() { // however often before the next frame, it is drawn once
    if (!this.asked) this.asked = requestAnimationFrame(() => this.compute());
  }

  compute() {
    this.asked = 0;
    const { outputs, broken } = this.run?.(this.sliders.map(one => one.value)) ?? { broken: -1 };
    this.problem = broken < 0 ? "" : "For this value f raises an error, or goes another way.";
    if (broken < 0) this.values = outputs;
    this.draw();
  }

  go(to) {
    const last = this.spec.steps.length - 1, before = this.at;
    this.at = clamp(to, 0, last);
    if (this.at === last) this.rest();
    if (this.at === before) return;
    this.draw();
    this.reveal();
  }

  start() {
    if (this.at === this.spec.steps.length - 1) this.go(0);
    this.play.textContent = "Pause steps";
    this.playing = setInterval(() =>
      (this.place.isConnected ? this.go(this.at + 1) : this.rest()), PAUSE);
  }

  stop(to) {
    this.rest();
    this.go(to);
  }

  rest() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.play.textContent = PLAY;
  }

  // What is drawn and said.

  draw() {
    const { spec, values, at } = this, done = spec.steps.slice(0, at + 1), step = spec.steps[at];
    const passed = new Map(done.flatMap(one => one.passed));
    const gradients = new Map(done.flatMap(one => one.gradients)), now = new Map(step.passed);
    const write = text => (text === undefined ? undefined : worded(text, values));
    const edges = spec.edges.map((points, i) =>
      drawnEdge(points, write(passed.get(i)), now.has(i)));
    const boxes = spec.nodes.map((node, i) => drawnBox(node, spec.box,
      [node.title, node.value, gradients.get(i) ?? "\u2013"].map(write), at && i === step.node));
    this.svg.innerHTML = [...edges, ...boxes].join("");
    const said = step.said.map(write), heard = this.problem || said.join(" ");
    this.svg.setAttribute("aria-label", `The graph. ${said[0]}`);
    this.tell(this.problem ? [this.problem] : said);
    if (this.heard && this.heard !== heard) this.speaker.say(heard);
    this.heard = heard;
    this.back.setAttribute("aria-disabled", at === 0); // it keeps the focus
    this.next.setAttribute("aria-disabled", at === spec.steps.length - 1);
  }

  tell([first, ...rest]) { // all steps take the room of the longest
    const lines = [make("b", {}, first), ...rest];
    [...this.said.children].forEach((place, i) => {
      const others = () => this.spec.steps[i].said.map(one => worded(one, this.values));
      const all = i === this.at ? lines : others();
      place.replaceChildren(...all.map(line => make("p", {}, line)));
      place.classList.toggle("ma-now", i === this.at);
    });
  }

  reveal() { // the operation and its inputs, or these alone where there is not room for all
    const { frame, spec: { nodes, steps, box: [wide] } } = this, step = steps[this.at];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const right = nodes[step.node].at[0] + wide / 2 + 12 - frame.clientWidth;
    const reached = step.gradients.map(([i]) => nodes[i].at[0] - wide / 2 - 12);
    const left = Math.min(right, ...reached);
    if (frame.isConnected) frame.scrollTo({ left, behavior: calm ? "auto" : "smooth" });
  }
}

const WALK_STYLE = `
.ma .ma-graph { overflow-x: auto; margin: 10px 0; }
.ma .ma-graph svg { width: auto; height: auto; max-width: none; cursor: auto; touch-action: auto;
  user-select: auto; -webkit-user-select: auto; }
.ma .ma-told { display: grid; }
.ma .ma-told > div { grid-area: 1 / 1; visibility: hidden; }
.ma .ma-told > .ma-now { visibility: visible; }
.ma .ma-told p { margin: 0 0 2px; }
.ma button[aria-disabled=true] { border-style: dashed; background: none; cursor: default; }
.ma > .ma-rows { max-width: 640px; }
`;

// ---- Pages and JupyterLab: a spec stands beside the picture that it replaces --------------------

const VERSION = 1;
const KINDS = {
  answer: Answer,
  drawing: Drawing,
  explorer: Explorer,
  gallery: Gallery,
  prediction: Prediction,
  program: ProgramView,
  walk: Walk,
};

function mount(place, spec, model) {
  if (spec.version !== VERSION || !Object.hasOwn(KINDS, spec.kind)) throw new Error("unknown spec");
  if (!document.getElementById("ma-style")) {
    document.head.append(make("style", { id: "ma-style" }, STYLE));
    for (const type of ["keydown", "keyup"]) document.addEventListener(type, lendKeys);
  }
  place.classList.add("ma");
  place.live = new KINDS[spec.kind](place, spec, model);
}

function mountAll() {
  for (const script of document.querySelectorAll("script.ma-spec")) {
    const place = make("div"), still = script.parentElement;
    still.before(place);
    try {
      mount(place, JSON.parse(script.textContent));
      still.remove();
    } catch (error) { // the picture stays
      place.remove();
      console.error(error);
    }
  }
}

// A running cell: anywidget says where, and through the model one speaks with the kernel.
function render({ model, el }) {
  mount(el, model.get("spec"), model);
}

// In JupyterLab without a kernel: what the spec describes, or the picture that is stored beside it,
// or words where there is none.
function mountOr(place, spec, { picture, words }) {
  const inner = make("div");
  place.replaceChildren(inner);
  try {
    mount(inner, spec);
  } catch (error) {
    const src = `data:image/png;base64,${picture}`;
    place.replaceChildren(picture ? make("img", { src, alt: words, width: 640 })
      : make("pre", {}, words));
    console.error(error);
  }
}

const STYLE = `
.ma { container-type: inline-size; margin: 12px 0; font: 14px/1.4 ${FAMILY};
  font-variant-numeric: tabular-nums; --ma-accent: #0A7EC2;
  --ma-rim: color-mix(in srgb, currentColor 55%, transparent);
  --ma-paper: var(--jp-layout-color0, var(--pst-color-background, Canvas));
  color: var(--jp-content-font-color1, var(--pst-color-text-base, inherit)); }
[data-jp-theme-light=false] .ma, [data-theme=dark] .ma {
  color-scheme: dark; --ma-accent: #5CB3E8; }
.ma-explorer { display: grid; grid-template-columns: minmax(0, 640px); gap: 4px 24px; }
@container (min-width: 880px) {
  .ma-explorer { grid-template:
    "stage panel" auto "stage found" 1fr / minmax(0, 640px) minmax(260px, 420px); }
  .ma-stage { grid-area: stage; }
  .ma-panel { grid-area: panel; padding-top: 26px; }
  .ma-found { grid-area: found; margin-top: 12px; } }
.ma svg { display: block; width: 100%; height: auto; fill: currentColor; stroke-linecap: round;
  stroke-linejoin: round; user-select: none; -webkit-user-select: none; touch-action: pan-y;
  cursor: ew-resize; }
.ma svg text { font: 13px ${FAMILY}; }
.ma svg .ma-label { font-weight: 600; paint-order: stroke; stroke: var(--ma-paper);
  stroke-width: 3.5; }
.ma p, .ma label, .ma legend, .ma button, .ma-about { overflow-wrap: anywhere; }
.ma-rows { display: grid;
  grid-template-columns: fit-content(45%) minmax(0, 1fr) max-content;
  gap: 4px 10px; align-items: center; align-content: start;
  min-height: calc(var(--ma-reserved, 0) * 32px - 4px); }
.ma input[type=range] { accent-color: var(--ma-accent); width: 100%; min-width: 0; height: 28px;
  margin: 0; }
.ma input.ma-cursor { display: block; box-sizing: border-box; }
.ma-at { display: flex; gap: 8px; align-items: center; margin: 0 0 6px 50px; }
.ma input:not([type=range]), .ma button, .ma select { font: inherit; color: inherit;
  border-radius: 3px;
  border: 1px solid var(--ma-rim); }
.ma input:not([type=range]) { background: none; width: 5.5em; padding: 3px 5px; }
.ma select { min-height: 30px; padding: 3px 6px; background: var(--ma-paper); }
.ma button { min-height: 30px; max-width: 100%; padding: 3px 10px; cursor: pointer;
  background: color-mix(in srgb, currentColor 8%, transparent); }
.ma button:hover { background: color-mix(in srgb, currentColor 16%, transparent); }
.ma :focus-visible { outline: 3px solid var(--ma-accent); outline-offset: 2px; }
.ma-buttons { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; margin-top: 10px; }
.ma-crowd { max-width: 640px; }
.ma .ma-outcome { margin: 8px 0; min-height: 2.8em; }
.ma-cells { display: flex; flex-wrap: wrap; gap: 6px 14px; min-height: 3.2em; }
.ma-cells > div { min-width: 5.5em; padding-top: 2px; }
.ma-cells > div:nth-child(4) { min-width: 11em; }
.ma .ma-verdict { margin: 10px 0 6px; padding-left: 8px; min-height: 2.8em;
  border-left: 4px solid ${AGREEMENT}; }
.ma .ma-verdict.ma-wrong { border-color: ${DERIVATIVE}; }
.ma .ma-about { margin: 0; font-size: 13px; min-height: 2.8em; }
.ma-listing { min-width: 0; }
.ma .ma-listing p { margin: 0 0 6px; }
.ma .ma-listing .ma-lines { list-style: none; margin: 0 0 6px; padding: 0; font-size: 13px; }
.ma .ma-lines li { display: grid; grid-template-columns: 1em 1.2em minmax(0, 1fr) max-content;
  margin: 0; gap: 0 4px; padding: 1px 6px; border-left: 4px solid transparent; }
.ma .ma-lines li.ma-on { border-color: var(--ma-accent);
  background: color-mix(in srgb, var(--ma-accent) 14%, transparent); }
.ma-code { font: 12.5px/1.5 var(--jp-code-font-family, ui-monospace, monospace);
  overflow-wrap: anywhere; }
.ma .ma-lines abbr { text-decoration: none; border: 0; opacity: 0.85; }
@container (min-width: 740px) {
  .ma-program { grid-template: "panel listing" auto "stage listing" auto "found listing" 1fr /
    minmax(0, 600px) minmax(320px, 1fr); }
  .ma-program .ma-stage { grid-area: stage; }
  .ma-program .ma-panel { grid-area: panel; padding-top: 0; }
  .ma-program .ma-found { grid-area: found; }
  .ma-listing { grid-area: listing; max-width: 400px; } }
.ma svg.ma-drawn { cursor: default; touch-action: auto; }
.ma svg.ma-drawn > g:last-child { pointer-events: none; }
.ma .ma-choice { border: 0; margin: 0 0 6px; padding: 0; display: flex; flex-wrap: wrap;
  gap: 2px 14px; min-width: 0; }
.ma-sheet { width: min(208px, 100%); border: 1px solid var(--ma-rim); margin: 4px 0 8px;
  touch-action: none; user-select: none; -webkit-user-select: none; cursor: crosshair; }
.ma-sheet > div { display: grid; grid-template-columns: repeat(var(--ma-columns), 1fr); }
.ma-pixel { aspect-ratio: 1;
  border: 0.5px solid color-mix(in srgb, currentColor 15%, transparent); }
.ma-pixel[aria-selected=true] { background: currentColor; }
.ma .ma-choice input { width: auto; height: auto; margin: 0; accent-color: var(--ma-accent); }
.ma .ma-choice legend { width: auto; font: inherit; float: left; padding: 0; margin-right: 14px; }
.ma .ma-choice label { display: inline-flex; align-items: center; gap: 5px; margin: 0;
  min-height: 28px; }
.ma .ma-play { min-width: 7.5em; }
.ma-whole { white-space: nowrap; }
.ma-said { display: grid; }
.ma-said > p { grid-area: 1 / 1; margin: 4px 0 0; }
.ma-said > .ma-reserved { visibility: hidden; }
.ma-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
@container (max-width: 480px) { .ma .ma-verdict, .ma .ma-outcome { min-height: 4.2em; } }
@media (pointer: coarse) { .ma button, .ma select { min-height: 40px; }
  .ma-rows { min-height: calc(var(--ma-reserved, 0) * 44px - 4px); }
  .ma input { height: 40px; box-sizing: border-box; } }
${ASKED_STYLE}${WALK_STYLE}`;

if (globalThis.document) mountAll();

export default { render };
export {
  BY_ELEMENT, ERFC, LOOPS, REDUCED, byDifference, compiled, difference, distances, examined, fixed,
  crowdInWords, formatted, gridOf, magnitude, mistake, mountOr, quantiles, sentence, shown,
  significant, ticks, verdict,
};
