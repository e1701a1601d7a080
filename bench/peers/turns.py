"""The peer's side of ../peer.ts for peers written in Python.

Says what it is in one JSON line, then answers every line of standard input
with the result of one turn, until input ends.
"""

import json
import sys


def send(message):
    # NaN, which JSON has not, would be a line that the other side waits for in vain.
    print(json.dumps(message, allow_nan=False), flush=True)


def serve(description, train_epoch):
    """`train_epoch(steps)` returns (seconds, images, mean loss); `steps` may be None for a whole epoch."""
    send({"kind": "ready", "description": description})
    for line in sys.stdin:
        seconds, images, loss = train_epoch(json.loads(line)["steps"])
        send({"seconds": seconds, "images": images, "loss": loss})


def declare_unavailable(reason):
    send({"kind": "unavailable", "reason": reason})
