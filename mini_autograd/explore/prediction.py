"""The prediction: a question that a reader answers before reading on."""

import html

import ipywidgets as widgets


class Prediction(widgets.VBox):
    """Ask for a prediction among the options; the answer stands further on in the chapter.

    A line repeats what was chosen. Without a kernel, question and options are readable text.
    Raises: ValueError unless the options are a list of two or more, all different.
    """

    def __init__(self, question, options):
        listed = [str(option) for option in options] if isinstance(options, (list, tuple)) else []
        if not 2 <= len(listed) == len(set(listed)):
            raise ValueError(f"predict: a list of different options is needed, not {options!r}")
        self._question, self._options = str(question), listed
        layout = widgets.Layout(width="auto")
        self._choice = widgets.RadioButtons(options=self._options, value=None, layout=layout)
        self._reply = widgets.HTML()
        self._choice.observe(self._say, "value")
        self._say()
        super().__init__([widgets.HTML(self._asked()), self._choice, self._reply])

    def _asked(self):
        return f"<b>Predict.</b> {html.escape(self._question)}"

    def _say(self, _=None):
        chosen = self._choice.value
        text = "Choose before you read on."
        if chosen is not None:
            text = f"You chose “{chosen}”. Read on to test it."
        self._reply.value = f'<div role="status">{html.escape(text)}</div>'

    def _repr_mimebundle_(self, **kwargs):
        items = "".join(f"<li>{html.escape(option)}</li>" for option in self._options)
        lines = [f"Predict. {self._question}", *(f"  ( ) {option}" for option in self._options)]
        return super()._repr_mimebundle_(**kwargs) | {
            "text/html": f"<p>{self._asked()}</p><ul>{items}</ul><p>Run this cell to choose.</p>",
            "text/plain": "\n".join(lines),
        }


predict = Prediction  # a verb where it is called
