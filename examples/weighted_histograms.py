"""The Earth Mover's Distance of two histograms with counts as masses.

Masses need not sum to one, only to the same total. Empty bins are welcome. On the line, with the
distance between bins as cost, there is a formula to check against: the area between the two
cumulative histograms.
"""

import numpy as np

import sparse_ot

bins = np.arange(64)
morning = np.round(900 * np.exp(-(((bins - 18) / 7.0) ** 2)))
evening = np.round(450 * np.exp(-(((bins - 44) / 14.0) ** 2)))
morning[-1] += max(0.0, evening.sum() - morning.sum())  # the same total: leftovers in one bin
evening[-1] += max(0.0, morning.sum() - evening.sum())

cost = np.abs(bins[:, None] - bins[None, :])
plan, log = sparse_ot.emd(morning, evening, cost, log=True)
formula = np.abs(np.cumsum(morning - evening)).sum()

print(f"{morning.sum():,.0f} items move {log['cost']:,.0f} bins in all; formula: {formula:,.0f}")
assert np.array_equal(plan.sum(axis=1), morning)  # masses are whole numbers, and stay so
assert np.array_equal(plan.sum(axis=0), evening)
assert np.all(cost >= log["u"][:, None] + log["v"][None, :] - 1e-9)  # no plan can cost less
assert abs(log["cost"] - formula) <= 1e-9 * formula
assert sparse_ot.solve(cost, morning, evening).certificate.holds()
