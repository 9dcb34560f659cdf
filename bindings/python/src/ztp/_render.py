"""Decisions for people: in a terminal and in a notebook."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from ._errors import StaleError

if TYPE_CHECKING:
    from . import _ztp

_MARKS = {"true": "✓", "false": "✗", "unknown": "?", "skipped": "-"}


def _summary(decision: _ztp.Decision) -> str:
    word = "allow" if decision.allow else "deny"
    if decision.rules:
        word += " by " + ", ".join(rule.name for rule in decision.rules)
    if decision.reason:
        word += f": {decision.reason}"
    elif not decision.allow and not decision.rules:
        word += ": no rule permits it"
    return word


def _facts(decision: _ztp.Decision) -> list[tuple[str, str]]:
    facts = [("obliged", str(obligation)) for obligation in decision.obligations]
    if not decision.allow:
        facts += [("unknown", name) for name in decision.unknown]
    until = decision.valid_until
    facts.append(("holds", f"until {until.isoformat()}" if until is not None else "until something changes"))
    return facts


def _rules(decision: _ztp.Decision) -> list[dict[str, Any]]:
    """Each rule in scope with its clauses. StaleError: policy or facts have changed since."""
    answer = json.loads(decision.json(explain=True))
    rules: list[dict[str, Any]] = answer["context"].get("explanation", [])
    return rules


def render_repr(decision: _ztp.Decision) -> str:
    return f"<ztp.Decision {_summary(decision)}>"


def _rule_lines(rule: dict[str, Any]) -> list[str]:
    applied = "applies" if rule["applied"] else "does not apply"
    lines = [f"  {rule['kind']} {rule['rule']} {applied}" + (f"  ({rule['source']})" if rule["source"] else "")]
    for clause in rule["clauses"]:
        lines.append(f"    {_MARKS.get(clause['value'], ' ')} {clause['clause']}")
        lines += [f"        {path} = {value}" for path, value in clause["read"].items()]
    return lines


def render_explanation(decision: _ztp.Decision) -> str:
    lines = [_summary(decision)]
    lines += [f"  {name} {value}" for name, value in _facts(decision)]
    for rule in _rules(decision):
        lines += _rule_lines(rule)
    return "\n".join(lines)


def render_text(decision: _ztp.Decision) -> str:
    """With its explanation as long as there is one."""
    try:
        return render_explanation(decision)
    except StaleError:
        lines = [_summary(decision)]
        lines += [f"  {name} {value}" for name, value in _facts(decision)]
        return "\n".join([*lines, "  (policy or facts have changed since: no explanation)"])


def render_html(decision: _ztp.Decision) -> str:
    """Every text of a policy, of facts or of a request is escaped."""
    color = "#1a7f37" if decision.allow else "#cf222e"
    parts = [f'<div><b style="color:{color}">{escape(_summary(decision))}</b>']
    facts = "".join(f"<li>{escape(name)} <code>{escape(value)}</code></li>" for name, value in _facts(decision))
    parts.append(f"<ul>{facts}</ul>")
    try:
        rules = _rules(decision)
    except StaleError:
        return "".join([*parts, "<i>policy or facts have changed since: no explanation</i></div>"])
    for rule in rules:
        applied = "applies" if rule["applied"] else "does not apply"
        head = f"{escape(rule['kind'])} <b>{escape(rule['rule'])}</b> {applied}"
        source = f" <small>{escape(rule['source'])}</small>" if rule["source"] else ""
        rows = "".join(
            f"<tr><td>{_MARKS.get(clause['value'], ' ')}</td><td><code>{escape(clause['clause'])}</code></td><td>"
            + "<br>".join(f"<code>{escape(path)} = {escape(str(value))}</code>" for path, value in clause["read"].items())
            + "</td></tr>"
            for clause in rule["clauses"]
        )
        opened = " open" if rule["applied"] else ""
        parts.append(f"<details{opened}><summary>{head}{source}</summary><table>{rows}</table></details>")
    return "".join([*parts, "</div>"])
