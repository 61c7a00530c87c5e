"""OSCQuery: other programs ask which OSC addresses there are, and hear what they come to.

Pure functions over the declarations; the page's server answers with them. Read only: what is to be
moved is said over OSC itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..declared import Parameter, Value
from .addresses import NORM, PREFIX

ATTRIBUTES = ("ACCESS", "CONTENTS", "DESCRIPTION", "FULL_PATH", "RANGE", "TYPE", "UNIT", "VALUE")
READ, WRITE = 1, 2
Node = dict[str, Any]


def host_info(name: str, host: str, port: int) -> Node:
    """Who answers, and where OSC itself is listened for: UDP on `host`:`port`."""
    told = {each: True for each in ATTRIBUTES if each not in ("CONTENTS", "FULL_PATH")}
    return {
        "NAME": name,
        "OSC_IP": host,
        "OSC_PORT": port,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": {**told, "LISTEN": True},
    }


def node(
    path: str, parameters: Mapping[str, Parameter], values: Mapping[str, Value]
) -> Node | None:
    """What is at `path`, with all that lies below it; None where nothing is. values: by name."""
    tree = _tree(parameters, values)
    for part in path.strip("/").split("/") if path.strip("/") else ():
        inside = tree.get("CONTENTS", {})
        if part not in inside:
            return None
        tree = inside[part]
    return tree


def _tree(parameters: Mapping[str, Parameter], values: Mapping[str, Value]) -> Node:
    leaves = {name: _leaf(each, values.get(name)) for name, each in parameters.items()}
    return _branch("/", "livedream", {"livedream": _branch(PREFIX[:-1], "All of it.", leaves)})


def _branch(path: str, sentence: str, contents: Mapping[str, Node]) -> Node:
    return {"FULL_PATH": path, "DESCRIPTION": sentence, "ACCESS": 0, "CONTENTS": dict(contents)}


def _leaf(parameter: Parameter, value: Value | None) -> Node:
    path = PREFIX + parameter.name
    told: Node = {"FULL_PATH": path, "DESCRIPTION": parameter.sentence, "ACCESS": READ | WRITE}
    if parameter.kind == "trigger" or value is None:
        return {**told, "ACCESS": WRITE, "TYPE": "I"}  # Fires without an argument.
    if parameter.kind == "toggle":
        return {**told, "TYPE": "T" if value else "F", "VALUE": [bool(value)]}
    if parameter.kind == "choice":
        return {**told, "TYPE": "s", "VALUE": [value], "RANGE": [{"VALS": [*parameter.choices]}]}
    if parameter.kind == "text":
        return {**told, "TYPE": "s", "VALUE": [value]}
    norm = {
        **told, "FULL_PATH": path + NORM, "TYPE": "f", "VALUE": [float(parameter.share(value))],
        "RANGE": [{"MIN": 0.0, "MAX": 1.0}],
    }  # fmt: skip
    kind = int if parameter.whole else float
    own = {
        "TYPE": "i" if parameter.whole else "f",
        "VALUE": [kind(value)],
        "RANGE": [{"MIN": kind(parameter.low), "MAX": kind(parameter.high)}],
        "CONTENTS": {NORM[1:]: norm},
    }
    return {**told, **own, **({"UNIT": [parameter.unit]} if parameter.unit else {})}
