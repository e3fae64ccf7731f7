"""The prediction: a question that a reader answers before reading on, and its answer."""

import html

from mini_autograd.explore.live import Live


class Prediction(Live):
    """Ask for a prediction among the options; `answer` says later what was measured.

    The page remembers the choice, also for the next visit. Without JavaScript, question and options
    are readable text.
    Raises: ValueError unless the options are a list of two or more, all different.
    """

    def __init__(self, question, options):
        listed = [str(option) for option in options] if isinstance(options, (list, tuple)) else []
        if not 2 <= len(listed) == len(set(listed)):
            raise ValueError(f"predict: a list of different options is needed, not {options!r}")
        super().__init__("prediction", question=str(question), options=listed)

    def answer(self, measured, words=""):
        """Say what was measured, one of the options, beside what the reader predicted; then words.

        Whoever has chosen nothing opens the answer with a button.
        Raises: ValueError if measured is not one of the options.
        """
        question, options = self.spec["question"], self.spec["options"]
        if str(measured) not in options:
            known = ", ".join(map(repr, options))
            raise ValueError(f"answer: measured is one of {known}, not {measured!r}")
        return Answer(question, options, str(measured), str(words))

    def still(self):
        question, options = self.spec["question"], self.spec["options"]
        items = "".join(f"<li>{html.escape(option)}</li>" for option in options)
        lines = [f"Predict. {question}", *(f"  ( ) {option}" for option in options)]
        asked = f"<p><b>Predict.</b> {html.escape(question)}</p><ul>{items}</ul>"
        return {"text/html": asked, "text/plain": "\n".join(lines)}, {}


class Answer(Live):
    """What `Prediction.answer` shows: what was predicted and what was measured."""

    def __init__(self, question, options, measured, words):
        about = dict(question=question, options=options)
        super().__init__("answer", **about, measured=measured, words=words)

    def still(self):
        question, words = self.spec["question"], self.spec["words"]
        measured = f"Measured: “{self.spec['measured']}”."
        folded = "".join(f"<p>{html.escape(line)}</p>" for line in (measured, words) if line)
        asked = f"<p>{html.escape(question)}</p>"
        folded = f"{asked}<details><summary>Show the answer</summary>{folded}</details>"
        text = "\n".join(line for line in (question, measured, words) if line)
        return {"text/html": folded, "text/plain": text}, {}


predict = Prediction  # a verb where it is called
