"""From what was asked for to a dreamer: one way for every command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console

from .choices import Choices
from .control.desk import Desk
from .control.parameters import CAMERA
from .control.recipes import RECIPES
from .declared import declared
from .dream.accentuating import Accentuator
from .dream.cpu import CpuDevice
from .dream.device import Device
from .dream.dreamer import Dreamer
from .dream.film import FilmDreamer
from .dream.stages import TimedDreamer
from .dream.tiles import Sizes, Tiled, tiled_sizes
from .dream.values import Dream
from .errors import LivedreamError, UsageError
from .gradient.check import check_numbers
from .gradient.engine import Engine
from .gradient.network import Network, Request, find_network
from .gradient.objective import unguided
from .gradient.platform import Platform, Processor
from .gradient.providers import find_provider
from .gradient.selection import Engines, Opening
from .gradient.session import choose
from .progress import Progress, stages
from .scaling import COMFORTABLE
from .stats import Stats


def network_of(choices: Choices, say: Callable[[str], None]) -> Network:
    """The network that was asked for. Raises as `find_network` does."""
    request = Request(
        choices.model, choices.graph, choices.weights, choices.precision, choices.seed
    )
    network = find_network(request, choices.layers, say)
    return replace(network, guides=choices.guide, matched=not choices.live)


def find_platform(
    name: str,
    say: Callable[[str], None],
    *,
    ahead: int = 0,
    reopens: bool = False,
    card: int = 0,
    launcher: str = "auto",
    wait: str = "block",
) -> Platform:
    """The platform for `--provider name`: under `auto` a graphics card where one can be used.

    say: hears why a card that is there is not used. ahead: frames that the card may work ahead.
    card: which one, by CUDA's number. launcher: what launches its kernels. wait: `block`, or `spin`
    for who waits for a card to keep a core busy. reopens: a session of the processor that is lost
    is opened again by who misses it. Raises UsageError for an unknown name,
    LivedreamError for a named provider that cannot start.
    """
    if name == "auto" or find_provider(name).on_card:
        # Here, because the kernels' launcher is of no use to anybody else.
        from .cuda.assemble import find_card

        found = find_card(name, say, ahead=ahead, card=card, launcher=launcher, spin=wait == "spin")
        if found:
            return found
    return Processor(tuple(choose(name)), reopened=say if reopens else None)


def platform_of(choices: Choices, say: Callable[[str], None], **how: Any) -> Platform:
    """The platform that was asked for. how, errors: as of `find_platform`."""
    asked = {"card": choices.card, "launcher": choices.launcher, "wait": choices.wait}
    return find_platform(choices.provider, say, **asked, **how)


def form_for(name: str, precision: str) -> str:
    """The form of graph for `--provider name`, also of one that is not on this machine. Half
    precision is for cards."""
    if name != "auto":
        return find_provider(name).form
    if precision == "fp16":
        return "gpu"
    platform = find_platform("auto", lambda text: None)
    return platform.providers[0].form if platform.providers else "cpu"


def open_engine(
    choices: Choices,
    network: Network,
    size: tuple[int, int],
    progress: Progress,
    say: Callable[[str], None],
    *,
    ahead: int = 0,
    reopens: bool = False,
    built: bool = False,
    tiles: bool = False,
) -> tuple[Engines, Engine[Any]]:
    """The engines of what was asked for and the one to begin with, open for pictures of `size`,
    (height, width).

    built: the best one, even where it takes minutes to build; else one that plays within seconds.
    tiles: for `in_tiles`. Raises as `find_platform` and `Engines.quick` do.
    """
    objective = network.objective(choices.layers)
    engines = Engines(network, platform_of(choices, say, ahead=ahead, reopens=reopens))
    sizes = choices.dream().sizes(*size)
    if tiles:
        sizes = opened_sizes(engines.platform.device, sizes, size)
    engine = (engines.best if built else engines.quick)(objective, sizes, Opening(progress, say))
    if choices.graph:
        try:
            check_numbers(engine, *sizes(engine.minimum_size)[0])
        except LivedreamError:
            engines.close()
            raise
    return engines, engine


def open_dreamer(
    choices: Choices,
    network: Network,
    size: tuple[int, int],
    console: Console,
    stats: Stats | None = None,
    *,
    ahead: int = 0,
    reopens: bool = True,
    clip: bool = False,
) -> tuple[Dreamer[Any], Engines]:
    """A dreamer and the engines it can change to, with everything opened for pictures of `size`,
    (height, width). ahead, reopens: as of `find_platform`. clip: as of `kind_of`. Prints what it
    chose; raises as `open_engine` does."""
    with stages(console) as report:
        engines, engine = open_engine(
            choices,
            network,
            size,
            report,
            console.print,
            ahead=ahead,
            reopens=reopens,
            tiles=stats is None,  # A show has no time for them.
        )
    device = engines.platform.device
    climbed = engine if stats else in_tiles(device, engine, size, choices.seed)
    made_of = device, climbed, choices.dream()
    if stats:
        dreamer = TimedDreamer(*made_of, seed=choices.seed, stage=stats.stage)
    else:
        dreamer = kind_of(choices.recipe, clip=clip)(*made_of, seed=choices.seed)
    octaves = ", ".join(f"{width}x{height}" for height, width in dreamer.sizes(*size)[::-1])
    console.print(
        f"{network.model} {engine.objective} on {engine.provider.name}, {octaves}, "
        f"recipe {choices.recipe}"
    )
    return dreamer, engines


def opened_sizes(device: Device[Any], sizes: Sizes, size: tuple[int, int]) -> Sizes:
    """What is opened for `sizes`, the octaves of a picture of `size`, (height, width)."""
    return tiled_sizes(sizes) if _too_large(device, size) else sizes


def in_tiles(device: Device[Any], engine: Any, size: tuple[int, int], seed: int) -> Any:
    """What a picture of `size`, (height, width), climbs: the engine, in tiles where all of it at
    once would take too much memory. Raises UsageError for what no tile can know."""
    if not _too_large(device, size):
        return engine
    if any(term.at == "center" for term in engine.objective.terms):
        raise UsageError("The middle of a picture in tiles is that of each; have a smaller --size.")
    return Tiled(engine, seed)


def _too_large(device: Device[Any], size: tuple[int, int]) -> bool:
    # A card holds its picture, of which nothing is cut out.
    return isinstance(device, CpuDevice) and size[0] * size[1] > COMFORTABLE


def kind_of(recipe: str, *, clip: bool = False) -> type[Dreamer[Any]]:
    """What dreams pictures by this recipe. clip: they are the frames of one, in order."""
    if RECIPES[recipe].accentuates:
        return Accentuator
    return FilmDreamer if clip and RECIPES[recipe].film else Dreamer


def open_desk(
    network: Network,
    dreamer: Dreamer[Any],
    recipe: str,
    box: tuple[int, int],
    sources: Sequence[str] = (CAMERA,),
    **more: object,
) -> Desk:
    """The desk of a show that begins with what `dreamer` is open for. box: (width, height) that its
    pictures are fitted into. sources: that it may change between. more: further values to begin
    with."""
    begin = {
        **asdict(dreamer.dream),
        "recipe": recipe,
        "layers": str(unguided(dreamer.engine.objective)),
        "guide": min(1, len(network.guides)),
        "size": "{}x{}".format(*box),
    }
    return Desk(network.layers, {**begin, **more}, sources=sources)


def asked(choices: Choices, written: tuple[int, int] | None) -> dict[str, str]:
    """The sizes that were asked for, as `settings_of`."""
    sizes = {"fit": choices.size, "written": written}
    return {name: f"{size[0]}x{size[1]}" for name, size in sizes.items() if size}


def settings_of(dreamer: Dreamer[Any], recipe: str) -> dict[str, Any]:
    """What made a picture, for the file that holds it."""
    return {
        **dreamer.engine.describe(),
        "recipe": recipe,
        "seed": dreamer.seed,
        # As they are read from the file again: 1 and 1.0 are two texts.
        **{each.name: each.clamp(getattr(dreamer.dream, each.name)) for each in declared(Dream)},
    }
