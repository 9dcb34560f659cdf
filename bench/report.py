"""Results as text: the table that a run prints, and RESULTS.md.

Boundary: reads what run.py collected; measures and decides nothing. All figures are of one run.
"""

FAMILIES = ["gateway", "ranges", "labels", "gdrive", "github", "tinytodo"]
NANOSECOND_FIGURES = {"call_ns": "a call into a shared library", "hash_ns": "a warm look-up of a 20-byte key",
                      "hash_cold_ns": "the same among 1,000,000 keys, any of them",
                      "and_1000_ns": "AND of eight columns of 1,000 bits", "and_10000_ns": "AND of eight columns of 10,000 bits",
                      "rule_ns": "a rule of five comparisons in native code", "line_ns": "a cache line from memory",
                      "clock_ns": "reading the clock"}


def duration(nanos):
    """Three digits or so: 42 ns, 1.35 µs, 19.6 ms."""
    for unit, size in (("ns", 1), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)):
        value = nanos / size
        if value < 999.5 or unit == "s":
            return f"{value:.0f} {unit}" if value >= 99.5 else f"{value:.1f} {unit}" if value >= 9.95 else f"{value:.2f} {unit}"
    raise AssertionError


def size(count):
    for unit, factor in (("B", 1), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if count < 999.5 * factor or unit == "GB":
            return f"{count / factor:.3g} {unit}"
    raise AssertionError


def ratio(value):
    return f"{value:,.0f}×" if value >= 10 else f"{value:.1f}×"


def columns(rows, align_first="<"):
    """Rows of text in columns; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:{align_first if i == 0 else '>'}{widths[i]}}" for i, cell in enumerate(row)).rstrip()
                     for row in rows)


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


class Results:
    """`document` is what run.py writes as results.json."""

    def __init__(self, document):
        self.document = document
        self.by = {(line["workload"], line["engine"]): line for line in document["lines"]}
        self.workloads = [workload["name"] for workload in document["workloads"]]
        self.engines = document["engines"]

    def figure(self, workload, engine, part, name):
        return self.by.get((workload, engine), {}).get(part, {}).get(name)

    def cell(self, workload, engine, part="evaluate", name="p50_ns", with_ratio=True):
        line = self.by.get((workload, engine))
        if line is None:
            return "–"
        if "refused" in line:
            return "refuses"
        value = self.figure(workload, engine, part, name)
        if value is None:
            return "–"
        text, ours = duration(value), self.figure(workload, "ztp", part, name)
        if with_ratio and engine != "ztp" and ours:
            text += f" ({ratio(value / ours)})"
        return text

    def decisions(self, part="evaluate", name="p50_ns"):
        rows = [["workload", *self.engines]]
        for workload in self.workloads:
            row = [self.cell(workload, engine, part, name) for engine in self.engines]
            if any(cell != "–" for cell in row):
                rows.append([workload, *row])
        return rows

    def ours(self):
        """What only ztp is asked: every way to call it, memory, times to compile and load."""
        rows = [["workload", "p50", "p99", "in a stream", "bind + decide", "a row of a batch", "batch from names", "JSON in and out", "allocations", "two threads",
                 "ALU control", "compile", "peak", "bundle", "load", "policy", "facts"]]
        for workload in self.workloads:
            line = self.by.get((workload, "ztp"))
            if not line or "evaluate" not in line:
                continue
            evaluate = line["evaluate"]
            rows.append([workload, duration(evaluate["p50_ns"]), duration(evaluate["p99_ns"]), duration(evaluate["stream_ns"]),
                         duration(line["bind_evaluate"]["p50_ns"]),
                         *[duration(line["batch"][part]) if "batch" in line else "–" for part in ("row_ns", "fill_row_ns")],
                         duration(line["json"]["p50_ns"]),
                         f"{line['allocations']:.3g}", f"{line['threads']['ratio']:.2f}×", f"{line['alu_threads']['ratio']:.2f}×",
                         f"{line['compile_ms']:.0f} ms", size(line["compile_peak_bytes"]), size(line["bundle_bytes"]),
                         f"{line['load_ms']:.2f} ms", size(line["policy_bytes"]), size(line["facts_bytes"])])
        return rows

    def others(self):
        """Allocations, threads, memory and loading of the peers, where they were measured."""
        rows = [["workload", "engine", "p50", "p99", "allocations", "two threads", "load", "policy"]]
        for workload in self.workloads:
            for engine in self.engines:
                line = self.by.get((workload, engine), {})
                if engine == "ztp" or "evaluate" not in line:
                    continue
                threads = line.get("threads")
                rows.append([workload, engine, duration(line["evaluate"]["p50_ns"]), duration(line["evaluate"]["p99_ns"]),
                             f"{line['allocations']:,.0f}", f"{threads['ratio']:.2f}×" if threads else "–",
                             f"{line['load_ms']:.3g} ms", size(line["policy_bytes"])])
        return rows

    def sliced(self):
        rows = [["workload", "cedar", "cedar, sliced by the host"]]
        for workload in self.workloads:
            if self.figure(workload, "cedar", "sliced", "p50_ns"):
                rows.append([workload, self.cell(workload, "cedar"), self.cell(workload, "cedar", "sliced", with_ratio=False)])
        return rows

    def floors(self):
        floor = self.document["floor"]
        rows = [["floor", "ns"]] + [[text, f"{floor[name]:.1f}"] for name, text in NANOSECOND_FIGURES.items()]
        return rows + [["two threads of arithmetic against one", f"{floor['alu_threads']['ratio']:.2f}×"]]

    def left_out(self):
        """Every engine and workload that has no figure or not all checks, and why; a line a reason."""
        workloads_by_reason = {}
        for workload in self.document["workloads"]:
            for why in workload["cannot"].values():
                workloads_by_reason.setdefault(why, []).append(workload["name"])
        notes = [f"{engine}: {why}" for engine, why in self.document["skipped"].items()]
        notes += [f"{why}: not on {', '.join(names)}" for why, names in workloads_by_reason.items()]
        slow = {}
        for line in self.document["lines"]:
            if "refused" in line:
                notes.append(f"{line['workload']}: {line['engine']} refuses it: {line['refused'].splitlines()[0][:200]}")
            elif line.get("checked", 0) < line["requests"]:
                slow.setdefault(line["engine"], []).append(f"{line['checked']} of {line['requests']} on {line['workload']}")
        notes += [f"{engine}: for want of time not all decisions were checked: {', '.join(counts)}" for engine, counts in slow.items()]
        return notes


def goals(results):
    """[what is aimed at, measured, bound, whether it holds]; only what this run has figures for."""
    rows = []
    hash_ns = results.document["floor"]["hash_ns"]

    def ours(workload, part="evaluate", name="p50_ns"):
        return results.figure(workload, "ztp", part, name)

    def at_most(text, value, bound, show=duration):
        if value is not None:
            rows.append([text, show(value), "≤ " + show(bound), "yes" if value <= bound else "no"])

    def at_least(text, value, bound, show=ratio):
        if value is not None:
            rows.append([text, show(value), "≥ " + show(bound), "yes" if value >= bound else "no"])

    def against(engine, workload):
        mine, theirs = ours(workload), results.figure(workload, engine, "evaluate", "p50_ns")
        return theirs / mine if mine and theirs else None

    for workload, times in (("gateway-1000", 7), ("gateway-10000", 11)):
        at_most(f"{workload}, p50: {times} warm look-ups", ours(workload), times * hash_ns)
        if ours(workload):
            at_most(f"{workload}, p99: 3 times p50", ours(workload, name="p99_ns"), 3 * ours(workload))
    at_most("ranges-1000, p50", ours("ranges-1000"), 400)
    at_most("labels-1000, p50", ours("labels-1000"), 250)
    at_least("gateway-1000 against Cedar", against("cedar", "gateway-1000"), 8000)
    at_least("gateway-1000 against OPA", against("opa", "gateway-1000"), 150)
    for workload in results.workloads:
        if workload.split("-")[0] in ("gdrive", "github", "tinytodo"):
            at_least(f"{workload} against Cedar", against("cedar", workload), 40)
    at_most("gateway-1000, JSON in and out, p50", ours("gateway-1000", "json"), 2500)
    line = results.by.get(("gateway-1000", "ztp"), {})
    if "threads" in line and line["alu_threads"]["ratio"] >= 1.9:
        at_least("gateway-1000, two threads", line["threads"]["ratio"], 1.9, lambda value: f"{value:.2f}×")
    line = results.by.get(("gateway-10000", "ztp"), {})
    if "compile_ms" in line:
        at_most("gateway-10000, compile", line["compile_ms"] * 1e6, 3e9)
        at_most("gateway-10000, memory to compile", line["compile_peak_bytes"], 1e9, size)
        at_most("gateway-10000, map and verify", line["load_ms"] * 1e6, 5e6)
        at_most("gateway-10000, policy in memory", line["policy_bytes"], 8e6, size)
    return [["aim", "measured", "bound", "holds"], *rows]


def summary(results):
    """What a run prints at its end."""
    parts = ["p50 of one decision on one thread, everything parsed and bound beforehand (times ztp's)",
             columns(results.decisions()), "The machine's floors in this run", columns(results.floors()),
             "Aims", columns(goals(results))]
    notes = results.left_out()
    if notes:
        parts += ["Left out", "\n".join(notes)]
    return "\n\n".join(parts) + "\n"


def results_page(results, plot):
    document = results.document
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    parts = [
        "# Results", "Written by `bench/run.py --record`; [README.md](README.md) says what is measured and how.",
        f"{document['date']}, revision {document['revision']}{', built from older sources' if document['stale'] else ''}, "
        f"{document['seconds']:g} s a figure. {machine['cpu']}, "
        f"{machine['cores']} cores, {machine['memory']} memory, {machine['system']}; load average before the run "
        f"{machine['load_before']:.2f}, after {machine['load_after']:.2f}. {versions}.",
    ]
    if plot:
        parts.append(f"![p50 against the number of rules]({plot})")
    parts += ["## One decision, p50 (times ztp's)", "One thread; policies, facts and requests parsed and bound beforehand.",
              markdown(results.decisions()), "## p99", markdown(results.decisions(name="p99_ns")),
              "## A request as JSON text each time, p50", "The peers keep entities parsed; OPA, regorus, cel-go and Casbin are "
              "given all facts that a rule may need in the request.", markdown(results.decisions("json")),
              "## ztp in all ways", markdown(results.ours()), "## The peers", markdown(results.others())]
    if len(results.sliced()) > 1:
        parts += ["Cedar with policies sliced by their scopes, which it leaves to the host:", markdown(results.sliced())]
    parts += ["## The machine's floors in this run", markdown(results.floors()), "## Aims", markdown(goals(results))]
    notes = results.left_out()
    if notes:
        parts += ["## Left out", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"
