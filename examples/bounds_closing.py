"""Draw how the two bounds close in on the optimum, and how few arcs that takes.

The same clouds twice: once from a plain start, on nearest neighbours and a rough plan; once from
the coarse-to-fine start that `solve_sample` chooses by itself. Writes bounds_closing.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import sparse_ot

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
rng = np.random.default_rng(0)
n = 10_000
X, Y = rng.random((n, 2)), rng.random((n, 2))
a, b = (mass / mass.sum() for mass in rng.integers(1, 1_000, (2, n)).astype(float))

nothing_known = (np.zeros(n), np.zeros(n))
runs = {}
for name, start in (("plain start", nothing_known), ("coarse-to-fine start", None)):
    rounds = []
    solution = sparse_ot.solve_sample(X, Y, a, b, start=start, progress=rounds.append)
    runs[name] = rounds
optimum = float(solution.value)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for (name, rounds), marker in zip(runs.items(), "os", strict=True):
    numbers = [r.number for r in rounds]
    too_much = [max(r.upper / optimum - 1, 1e-15) for r in rounds]
    too_little = [max(1 - r.lower / optimum, 1e-15) for r in rounds]
    style = {"marker": marker, "linewidth": 1.5}
    dash = {} if marker == "o" else {"linestyle": (0, (4, 2))}
    left.plot(
        numbers, too_much, color=VERMILLION, markersize=8, label=f"plan, {name}", **style, **dash
    )
    left.plot(
        numbers, too_little, color=BLUE, markersize=5, label=f"lower bound, {name}", **style, **dash
    )
left.axhline(1e-15, color="0.6", linewidth=0.8)
left.annotate("rounding", (4, 1.4e-15), color="0.4", fontsize=9)
left.set(yscale="log", xlabel="round", ylabel="distance from the optimum, relative")
left.set_title("The cost of a plan and the proof of how little it can be", fontsize=11)
left.legend(frameon=False, fontsize=9)

for (name, rounds), color, shift in zip(runs.items(), (GREEN, "0.55"), (-0.2, 0.2), strict=True):
    numbers = np.array([r.number for r in rounds]) + shift
    added = [r.added for r in rounds]
    bars = right.bar(numbers, [max(x, 0.5) for x in added], width=0.38, color=color, label=name)
    right.bar_label(bars, [f"{x:,}" for x in added], fontsize=8, rotation=60, padding=2)
right.set(yscale="log", xlabel="round", ylabel="missing arcs found and added", ylim=(0.5, 1e6))
right.set_title(
    f"{runs['plain start'][0].arcs:,} arcs to begin with, of {n * n:,} pairs", fontsize=11
)
right.legend(frameon=False, fontsize=9)
for ax in (left, right):
    ax.set_xticks(range(1, 1 + max(len(rounds) for rounds in runs.values())))
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig("bounds_closing.png", dpi=130)

for name, rounds in runs.items():
    print(f"{name}: {len(rounds)} rounds, {rounds[-1].pivots:,} pivots")
assert all(rounds[-1].gap < 1e-12 for rounds in runs.values())
