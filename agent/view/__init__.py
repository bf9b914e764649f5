"""How a run looks: a live tree at a terminal, lines in a log, one JSON object a line for programs."""
