"""The table for a README, and the headline."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from livedream.runtime.bench.markdown import tables
from livedream.runtime.bench.page import report_page
from livedream.runtime.bench.report import cost_text, effect_rows, headline, print_report
from livedream.runtime.bench.schema import CpuState, Machine, write_report
from livedream.runtime.cli.bench import bench

from .conftest import make_case, make_effect, make_measure, make_picture, make_report, make_spread


def test_every_row_has_the_cells_of_its_head():
    text = tables(make_report(make_case(), make_case(size=[640, 480], ms=70)), "A machine")
    for part in text.split("\n\n"):
        lines = part.splitlines()
        if lines[0].startswith("|"):
            assert len({line.count("|") for line in lines}) == 1
    assert "| googlenet inception4c, live | 320x240 | cpu fp32 | 20.9 |" in text
    assert "| 640x480 | cpu fp32 | 73.0 |" in text
    assert "torch eager (2) | 320x240 | cpu fp32 | 2x our time (1.9 to 2.2) |" in text
    assert "guess" not in text


def test_what_casts_doubt_goes_along():
    few = make_case()
    assert few.frame
    frame = few.frame.model_copy(update={"ms": make_measure(20, 70)})
    busy = Machine(cpu="x", cores=2, system="y", before=CpuState(), others=0.7)
    report = make_report(make_case(frame=frame), partial=True, machine=busy)
    text = tables(report, "A machine")
    assert "| ~2" in text
    for doubt in ("~ a guess", "other programs used 0.7 of 2 cores", "Partial"):
        assert doubt in text


def test_the_command_prints_it(tmp_path, capsys):
    write_report(make_report(make_case()), tmp_path / "a.json")
    bench.main(["table", str(tmp_path / "a.json")], standalone_mode=False)
    assert capsys.readouterr().out.startswith("A <fast> CPU & more, 2 cores, livedream 1;")


def test_the_headline_is_one_line():
    assert headline(make_case()) == (
        "inception4c 320x240 cpu fp32: 20.9 ms/frame, 50 fps, 5 Mpx-steps/s, age 20.9 ms"
    )
    assert headline(make_case(frame=None, live=[])) == (
        "inception4c 320x240 cpu fp32: 20.9 ms/step, 4 Mpx-steps/s"
    )
    assert headline(make_case(step=None, frame=None, live=[])) == ""


def test_too_few_pairs_say_nothing_of_what_measuring_costs():
    spread = make_spread(1.001)
    assert cost_text(spread).endswith("(surely between -1.9 and +5.1 %, 9 pairs)")
    few = spread.model_copy(update={"count": 5})
    assert cost_text(few) == "+0.1 % of a frame (5 pairs: too few to say)"


def test_the_table_fits_a_narrow_terminal():
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    print_report(console, make_report(make_case(ms=1234.5)))
    lines = Text.from_ansi(out.getvalue()).plain.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:4] == ["step", "1287", "1340", "1340"] for line in lines)
    assert "1287 ms/frame" in lines[-1]


def test_a_shown_picture_has_its_rows():
    out = io.StringIO()
    console = Console(file=out, width=80)
    print_report(console, make_report(make_case(picture=make_picture(10), frame=None)))
    rows = [line.split()[:2] for line in out.getvalue().splitlines()]
    assert ["shown", "960x720"] in rows
    assert ["fluid", "~4.00"] in rows
    assert ["finer,", "a"] in rows
    assert "which at 30 fps is 0.36 of a core" in out.getvalue()
    assert "960x720 10.4 ms" in out.getvalue().splitlines()[-1]


def test_an_effect_has_its_row_wherever_figures_are_shown():
    limiter = make_effect(name="flash limiter", of="picture", adds_ms=-0.03)
    case = make_case(effects=[make_effect(), limiter])
    out = io.StringIO()
    print_report(Console(file=out, width=80), make_report(case))
    rows = [line.split() for line in out.getvalue().splitlines()]
    told = "zoom, turn, drift, frame 1.025x 0.974 to 1.127 9 +0.50 +2.4%"
    assert told.split() in rows
    table = tables(make_report(case), "A machine")
    assert "| flash limiter, picture | 1.025x |" in table
    assert f"{case.title}, with and without:\n\n| with | takes |" in table
    assert "<td>flash limiter, picture</td><td>1.025x</td>" in report_page(make_report(case))
    assert effect_rows(make_case(frame=None, effects=[limiter]))[0][-2:] == ("-0.03", "")
