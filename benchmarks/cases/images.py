"""Grey images, as in DOTmark: one image is to become another, pixels are points on a grid.

DOTmark (Schrieber, Schuhmacher and Gottschlich 2017, IEEE Access 5, 271-282) compares solvers on
pairs of images of ten classes. Two classes of that kind are made here, from seeds:

- ``smooth``: Gaussian random fields, every pixel grey.
- ``shapes``: bright discs and boxes on black, so that most pixels have no mass at all.

A pixel's mass is its grey value, an integer; single units are added to grey pixels of the darker
image until the totals agree. Costs are squared distances in pixels: integers too, and so many are
equal that optimal plans are anything but unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.cases import Case, Size
from benchmarks.problems import Floats, Integers, PointProblem

BRIGHTEST = 255
SIDES: dict[int, Size] = {32: "quick", 64: "normal", 128: "heavy"}


def smooth(side: int, seed: int) -> Integers:
    """A Gaussian random field whose spectrum falls with the third power of frequency.

    Drawn from the lowest frequencies upwards, so that a larger image is a sharper one of the same
    field, not another.
    """
    rng = np.random.default_rng(seed)
    steps = np.fft.fftfreq(side, 1.0 / side)
    frequency = np.hypot(steps[:, None], steps)
    waves = np.zeros((side, side), dtype=np.complex128)
    for k in range(1, side // 2):
        ring = np.flatnonzero(np.maximum(np.abs(steps)[:, None], np.abs(steps)).ravel() == k)
        noise = rng.standard_normal((2, len(ring)))
        waves.flat[ring] = (noise[0] + 1j * noise[1]) / frequency.flat[ring] ** 3
    return _grey(np.fft.ifft2(waves).real)


def shapes(side: int, seed: int) -> Integers:
    """Four discs and four boxes of random brightness on black."""
    rng = np.random.default_rng(seed)
    image = np.zeros((side, side))
    x, y = np.indices((side, side)) / side
    for number in range(8):
        (p, q), (r, s) = rng.uniform(0.15, 0.85, 2), rng.uniform(0.05, 0.16, 2)
        disc = np.hypot(x - p, y - q) < r
        box = (np.abs(x - p) < r) & (np.abs(y - q) < s)
        image[disc if number % 2 else box] = rng.uniform(0.3, 1.0)
    return _grey(image)


def _grey(image: Floats) -> Integers:
    """Darkest pixel 0, brightest 255."""
    spread = (image - image.min()) / (image.max() - image.min())
    grey: Integers = np.rint(BRIGHTEST * spread).astype(np.int64)
    return grey


CLASSES = {"smooth": smooth, "shapes": shapes}


def image_problem(image: str, side: int) -> PointProblem:
    """The image of seed 1 is to become the image of seed 2."""
    a, b = (CLASSES[image](side, seed).ravel() for seed in (1, 2))
    darker, missing = (a, b.sum() - a.sum()) if a.sum() < b.sum() else (b, a.sum() - b.sum())
    grey = np.flatnonzero(darker)
    everywhere, rest = divmod(int(missing), len(grey))
    darker[grey] += everywhere
    darker[np.random.default_rng(3).choice(grey, rest, replace=False)] += 1
    pixels = np.indices((side, side)).reshape(2, -1).T.astype(np.float64)
    return PointProblem(a, b, pixels, pixels)


def cases() -> Iterator[Case]:
    """The family ``images``: 32², 64² and 128² pixels."""
    for image in CLASSES:
        for side, size in SIDES.items():
            yield Case(
                family="images",
                variant=image,
                n=side * side,
                build=partial(image_problem, image, side),
                size=size,
            )
