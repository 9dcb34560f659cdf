#!/usr/bin/env python3
"""Draws p50 against the number of rules: plot.py results.json OUT.svg. Needs matplotlib."""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "ztp", "svg.fonttype": "none"}  # the same figures give the same small file
import matplotlib.pyplot as plt

FAMILIES = ["gateway", "ranges", "labels"]
COLOURS = {"ztp": "#c1121f", "cedar": "#1d3557", "cedar-go": "#457b9d", "opa": "#6a994e", "regorus": "#bc6c25",
           "cel-go": "#7b2cbf", "casbin": "#6c757d"}


def unit(nanos, _):
    for factor, name in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanos >= factor:
            return f"{nanos / factor:g} {name}"
    return f"{nanos:g} ns"


def points(document, family, engine):
    sizes = {workload["name"]: workload["size"] for workload in document["workloads"] if workload["family"] == family}
    found = [(sizes[line["workload"]], line["evaluate"]["p50_ns"]) for line in document["lines"]
             if line["engine"] == engine and line["workload"] in sizes and "evaluate" in line]
    return sorted(found)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    families = [family for family in FAMILIES if any(w["family"] == family for w in document["workloads"])]
    if not families:
        return 0
    figure, axes = plt.subplots(1, len(families), figsize=(4.6 * len(families), 4.2), sharey=True, squeeze=False)
    for axis, family in zip(axes[0], families):
        for engine in document["engines"]:
            line = points(document, family, engine)
            if line:
                axis.plot(*zip(*line), marker="o", markersize=4, linewidth=2.2 if engine == "ztp" else 1.4,
                          color=COLOURS.get(engine), label=engine)
        axis.axhline(document["floor"]["hash_ns"], color="black", linewidth=0.8, linestyle=":", label="a warm hash look-up")
        axis.set(xscale="log", yscale="log", title=f"{family}-N", xlabel="rules")
        axis.minorticks_off()
        axis.xaxis.set_major_formatter(lambda n, _: f"{n:,.0f}")
        axis.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axes[0][0].yaxis.set_major_formatter(unit)
    axes[0][0].set_ylabel("p50 of one decision")
    handles = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncol=len(handles), frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(sys.argv[2], metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
