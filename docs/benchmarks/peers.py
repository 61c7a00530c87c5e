"""How long a dreamt photo takes, here and in two peers' way of working on torch's processor.

    python docs/benchmarks/peers.py [--model efficientnet_lite0] [--weights FILE] [--layer block9]
        [--size 640x480] [--octaves 3] [--steps 10] [--pairs 5]

The peers' work is written again from reading them, the same network cut at the same layer, the same
octaves, steps and picture: what each does in a step beside the gradient is its own.

- pytorch-deepdream (gordicaleksa): the mean square of the layer, three Gaussians of nine taps over
  the gradient, its mean and deviation, OpenCV's resizing between octaves.
- neural-dream (ProGamerGov): the mean of the layer's response by Adam, a random shift of the image,
  bilinear resizing on the tensor.

In turns, the order changing, so that what slows the machine slows both; the ratio is the median of
the pairs, in brackets the smallest and the largest. Over 1, ours is quicker.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from contextlib import closing

import cv2
import numpy as np
import torch
from rich.console import Console
from torch.nn import functional

from livedream.export.catalogue import MODELS
from livedream.export.weights import load
from livedream.runtime.choices import Choices
from livedream.runtime.live.sources.cloudscape import Cloudscape
from livedream.runtime.scaling import parse_size
from livedream.runtime.start import network_of, open_dreamer

Layer = Callable[[torch.Tensor], torch.Tensor]
Sizes = list[tuple[int, int]]


def gaussians(gradient: torch.Tensor, sigma: float) -> torch.Tensor:
    """The mean of three, of half, once and twice the sigma."""
    offsets = torch.arange(9) - 4.0
    smooth = torch.zeros_like(gradient)
    for each in (sigma / 2, sigma, 2 * sigma):
        line = torch.exp(-0.5 * (offsets / each) ** 2)
        kernel = torch.outer(line, line) / line.sum() ** 2
        padded = functional.pad(gradient, (4, 4, 4, 4), mode="reflect")
        smooth = smooth + functional.conv2d(padded, kernel.repeat(3, 1, 1, 1), groups=3)
    return smooth / 3


def pytorch_deepdream(layer: Layer, picture: np.ndarray, sizes: Sizes, steps: int) -> None:
    """A photo as pytorch-deepdream dreams it."""
    random = np.random.default_rng(0)
    image = picture
    for height, width in sizes:
        image = cv2.resize(image, (width, height))
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
        for step in range(steps):
            shift = tuple(random.integers(-32, 33, 2).tolist())
            tensor = torch.roll(tensor, shift, (2, 3)).detach().requires_grad_()
            response = layer(tensor)
            functional.mse_loss(response, torch.zeros_like(response)).backward()
            assert tensor.grad is not None
            smooth = gaussians(tensor.grad, (step + 1) / steps * 2 + 0.5)
            smooth = (smooth - smooth.mean()) / smooth.std()
            tensor = (tensor.detach() + 0.09 * smooth).clamp(0, 1)
            tensor = torch.roll(tensor, (-shift[0], -shift[1]), (2, 3))
        image = tensor[0].numpy().transpose(1, 2, 0)


def neural_dream(layer: Layer, picture: np.ndarray, sizes: Sizes, steps: int) -> None:
    """A photo as neural-dream dreams it."""
    random = np.random.default_rng(0)
    image = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]
    for size in sizes:
        image = functional.interpolate(image, size, mode="bilinear").detach().requires_grad_()
        adam = torch.optim.Adam([image], lr=0.01)
        for _ in range(steps):
            adam.zero_grad()
            shift = tuple(random.integers(-32, 33, 2).tolist())
            (-layer(torch.roll(image, shift, (2, 3))).mean()).backward()
            adam.step()


PEERS = {"pytorch-deepdream": pytorch_deepdream, "neural-dream": neural_dream}


def main() -> None:
    """Print a line of Markdown for each peer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="efficientnet_lite0")
    options.add_argument("--weights", default="auto")
    options.add_argument("--layer", default="block9")
    options.add_argument("--provider", default="auto")
    options.add_argument("--size", default="640x480", type=parse_size)
    options.add_argument("--octaves", default=3, type=int)
    options.add_argument("--steps", default=10, type=int)
    options.add_argument("--pairs", default=5, type=int)
    given = options.parse_args()
    bgr = Cloudscape(given.size, 0).draw(0)
    picture = bgr[:, :, ::-1].astype(np.float32) / 255

    loaded = load(MODELS[given.model], [given.layer], given.weights, progress=lambda *told: None)
    mean, std = (torch.tensor(each).reshape(1, 3, 1, 1) for each in (loaded.mean, loaded.std))
    network = loaded.network.requires_grad_(False)
    choices = Choices(
        model=given.model, layers=given.layer, graph=None, weights=given.weights, recipe="google",
        provider=given.provider, precision="auto", size=None, seed=0, settings=None,
        overrides={"octaves": given.octaves, "steps": given.steps},
    )  # fmt: skip
    dreamer, engines = open_dreamer(
        choices, network_of(choices, print), bgr.shape[:2], Console(quiet=True)
    )
    sizes = dreamer.sizes(*bgr.shape[:2])

    def layer(image: torch.Tensor) -> torch.Tensor:
        return network((image - mean) / std)[0]

    print(f"{given.model} {given.layer}, {sizes[-1][1]}x{sizes[-1][0]}, {len(sizes)} octaves of "
          f"{given.steps} steps, {dreamer.engine.provider.name}, torch {torch.__version__} on "
          f"{torch.get_num_threads()} threads\n")  # fmt: skip
    print("| peer | takes | ours | ratio |\n|---|---|---|---|")
    with closing(engines):
        for name, peer in PEERS.items():
            work = {
                "theirs": lambda peer=peer: peer(layer, picture, sizes, given.steps),
                "ours": lambda: dreamer.still(bgr),
            }
            for run in work.values():
                run()  # what is prepared at the first time
            took: dict[str, list[float]] = {each: [] for each in work}
            for pair in range(given.pairs):
                for each, run in itertools.islice(
                    itertools.cycle(work.items()), pair % 2, 2 + pair % 2
                ):
                    begun = time.perf_counter()
                    run()
                    took[each].append(time.perf_counter() - begun)
            ratios = [a / b for a, b in zip(took["theirs"], took["ours"], strict=True)]
            theirs, ours = (statistics.median(took[each]) for each in ("theirs", "ours"))
            print(f"| {name} | {theirs:.2f} s | {ours:.2f} s | {statistics.median(ratios):.2f}x "
                  f"({min(ratios):.2f} to {max(ratios):.2f}) |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
