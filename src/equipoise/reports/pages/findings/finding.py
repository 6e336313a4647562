"""What a rule answers with."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "plain", "bad"]
BOUNDS = "Did the losses stay in bounds?"
ENDING, CONVERGED, WINNING = "How did it end?", "Did it converge?", "Is one player winning?"
CONFUSION = "Can the domains be told apart?"


@dataclass(frozen=True)
class Finding:
    """One thing that the records say.

    Attributes:
        question: that it answers.
        tone: good, bad, or neither.
        headline: the answer in a few words.
        sentence: its numbers, after the headline.
        advice: what to do about it; empty where there is nothing to do.
        command: what to type for that; empty where words are all there is.
    """

    question: str
    tone: Tone
    headline: str
    sentence: str
    advice: str = ""
    command: str = ""
