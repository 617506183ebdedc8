"""Ways to decide that a turn is over, tried on labelled recordings: how often they cut, how long they wait.

replay.py runs the models, holds.py and counting.py count, sweep.py tries every setting.
"""

from voicecli.bench.turns.counting import Cuts, TriedSetting, count
from voicecli.bench.turns.replay import NOTICED_FRAMES, Judges, Pause, Replayed, replay
from voicecli.bench.turns.sweep import Curves, best, curves, fewest_cuts, frontier

__all__ = (
    "NOTICED_FRAMES",
    "Curves",
    "Cuts",
    "Judges",
    "Pause",
    "Replayed",
    "TriedSetting",
    "best",
    "count",
    "curves",
    "fewest_cuts",
    "frontier",
    "replay",
)
