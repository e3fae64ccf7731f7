"""Sliders, choices and buttons: what a reader moves, whatever it moves."""

import asyncio
import math

import ipywidgets as widgets
from traitlets import TraitError

from mini_autograd.explore.arguments import require_presets
from mini_autograd.explore.sliders import slider_spec


class ControlPanel(widgets.VBox):
    """Controls by name, above buttons that set them: the presets, a reset, and those given.

    presets is {name: {control: value}}. changed() is called after each change, and only once where
    a button changes several.
    """

    def __init__(self, who, controls, changed, presets=None, buttons=(), **look):
        self._controls, self._changed, self._muted, self._asked = controls, changed, False, {}
        self.start, presets = self.values, require_presets(who, presets or {}, controls, _can_be)
        self._asked = self.start
        row = [_button(name, lambda _, to=to: self.set(to)) for name, to in presets.items()]
        row = [widgets.Label("Presets:"), *row] if row else []
        row += [_button("Reset", lambda _: self.set(self.start)), *buttons]
        row = widgets.Box(row, layout=layout("row wrap"))
        super().__init__([columns(controls.values()), row], layout=layout("column", **look))
        for control in controls.values():
            control.observe(self._answer, "value")

    @property
    def values(self):
        """What each control is set to.

        In the page a slider stands at the nearest of its steps; what counts is what was asked for.
        """
        return {key: self._value(key) for key in self._controls}

    def _value(self, key):
        control, asked = self._controls[key], self._asked.get(key)
        value = control.value
        if not isinstance(control, widgets.FloatSlider):
            return value
        if asked is not None and abs(value - asked) <= control.step / 2:
            return asked
        return float(f"{value:.12g}")  # without the last bits by which 0.1 + 0.2 exceeds 0.3

    @property
    def still(self):
        """What a reader without a kernel, whose controls do not move, is told in their place."""
        names = ", ".join(control.description for control in self._controls.values())
        return f"A picture: open and run this chapter in JupyterLab to move {names}."

    def set(self, values):
        self._muted = True
        try:
            for key, value in values.items():
                self._controls[key].value = value
            self._asked = self._asked | values
        finally:
            self._muted = False
        self._answer()

    def _answer(self, _=None):
        if not self._muted:
            self._changed()


def _can_be(control, value):
    """Can the control have this value? A slider would stop at its end, and say nothing."""
    before = control.value
    try:
        control.value = value
        return control.value == value or math.isclose(control.value, value)
    except (TraitError, TypeError):
        return False
    finally:
        control.value = before


def layout(flow=None, **look):
    return widgets.Layout(width="auto", flex_flow=flow, **look)


def columns(controls, **look):
    """The controls in as many columns as there is room for."""
    fit = "repeat(auto-fit, minmax(280px, 1fr))"
    return widgets.GridBox(list(controls), layout=layout(grid_template_columns=fit, **look))


BUTTON = layout(margin="2px 6px 2px 0")


def _button(name, action):
    made = widgets.Button(description=name, layout=BUTTON)
    made.on_click(action)
    return made


class Play(widgets.Button):
    """A button that moves a slider to its end, where it stops; meanwhile it is Pause.

    From the end it begins anew. Nothing moves before it is pressed, and the way takes 30 moves.
    """

    def __init__(self, slider):
        super().__init__(layout=BUTTON)
        self._slider, self._task = slider, None
        self._say()
        self.on_click(self._press)

    def _say(self):
        self.description = f"{'Pause' if self._task else 'Play'} {self._slider.description}"
        self.icon = "pause" if self._task else "play"

    def _press(self, _):
        if self._task:
            self._task.cancel()
            self._task = None
        else:
            self._task = asyncio.get_running_loop().create_task(self._play())
        self._say()

    async def _play(self):
        slider = self._slider
        stride = slider.step * max(1, round((slider.max - slider.min) / slider.step / 30))
        if slider.value >= slider.max:
            slider.value = slider.min
        while slider.value < slider.max:
            await asyncio.sleep(0.1)
            slider.value = min(slider.value + stride, slider.max)
        self._task = None
        self._say()


def slider(who, key, given):
    spec = slider_spec(who, key, given)
    bounds = {name: spec[name] for name in ("min", "max", "step")}
    look = dict(readout_format=f".{spec['digits']}f", **described(spec["label"]))
    return widgets.FloatSlider(spec["start"], **bounds, **look)


def choice(name, options, **start):
    return widgets.Dropdown(options=options, **start, **described(name))


def described(name):
    """The look of a control with its name beside it: one width for all, more for a long name."""
    width = f"{max(7.5, 0.6 * len(name)):g}em"  # ipywidgets' own would cut off "temperature"
    return dict(description=name, style={"description_width": width}, layout=layout())
