"""`voicecli stats`: a recorded talk -> its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def stats(
    folder: Annotated[Path, typer.Argument(help="A folder that --record made.")],
) -> None:
    """Show how long a recorded talk took to answer, what was interrupted and what was lost."""
    from voicecli.records.reading.recorded import Recorded
    from voicecli.view.safe import safe

    first, *table = Recorded(folder).tally().table()
    typer.echo(safe(first))  # names of losses come from the folder
    for line in table:
        typer.echo(line)
