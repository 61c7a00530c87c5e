"""Stands in for the export process: writes its file and says what the test asks it to.

FAKE chooses the story; arguments are those of the real one.
"""

import json
import os
import sys
import time
from pathlib import Path


def say(**message):
    print(json.dumps(message), flush=True)


arguments = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
output = Path(arguments["--output"])
story = os.environ.get("FAKE", "fine")
if note := os.environ.get("FAKE_NOTE"):
    with open(note, "a") as file:
        state = {
            "pid": os.getpid(),
            "nice": os.nice(0),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "model": sys.argv[1],
            **arguments,
        }
        file.write(json.dumps(state) + "\n")

if story == "fine":
    say(stage="tracing", fraction=0.25)
    print("a library's own chatter", flush=True)
    print("[1, 2]", flush=True)
    sys.stdout.buffer.write(b"\xff\xfe no text\n")
    sys.stdout.buffer.flush()
    while (gate := os.environ.get("FAKE_GATE")) and not os.path.exists(gate):
        time.sleep(0.01)
    say(stage="checking", fraction=0.75)
    output.write_bytes(b"a graph")
    say(done={"bytes": 7})
elif story == "usage":
    say(error="There is no layer 'x': did you mean y?", usage=True)
    sys.exit(2)
elif story == "error":
    output.write_bytes(b"half a gr")
    say(error="No network: the weights cannot be downloaded.", usage=False)
    sys.exit(1)
elif story == "crash":
    output.write_bytes(b"half a gr")
    print("Traceback", file=sys.stderr)
    print("MemoryError: 12 GB\n", file=sys.stderr)
    sys.exit(1)
elif story == "silent":
    os._exit(9)
elif story == "lies":
    say(done={})
elif story == "late crash":
    output.write_bytes(b"a graph")
    say(done={})
    print("corrupted at exit", file=sys.stderr)
    sys.exit(3)
elif story == "hangs":
    output.write_bytes(b"half a gr")
    say(stage="tracing", fraction=0.1)
    while True:  # Nothing but an end from outside ends it.
        time.sleep(60)
