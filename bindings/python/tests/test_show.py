"""How decisions look in a terminal and in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from conftest import ANN, BOB, DIARY, PLAN

import ztp


def test_in_a_terminal(engine: ztp.Engine) -> None:
    decision = engine.decide(BOB, "read", PLAN, purpose="sale")
    assert repr(decision) == "<ztp.Decision deny: no rule permits it>"
    lines = str(decision).splitlines()
    assert lines[:2] == ["deny: no rule permits it", "  holds until something changes"]
    assert lines[2].startswith("  permit lab.read_cleared does not apply  (lab.ztp:")
    assert lines[3:] == [
        "    ✗ d.level flows to u.clearance",
        "        resource.level = internal",
        "        principal.clearance = public",
        '    ✗ action.purpose == "research"',
        '        action.purpose = "sale"',
        "    ✓ d.size < (action.big ?? 1000)",
        "        resource.size = 0",
        "        action.big = missing",
        "  forbid lab.closed does not apply  (lab.ztp:31:8)",
        "    ✗ not d.open",
        "        resource.open = true",
    ]


def test_reprs_of_the_rest(engine: ztp.Engine) -> None:
    bound = engine.bind("read", principal=ANN, purpose="research")
    assert repr(bound) == "<ztp.Bound 'read' principal=User::\"ann\" resource=None values={'purpose': 'research'}>"
    assert (bound.action, bound.principal, bound.resource, bound.values) == ("read", ANN, None, {"purpose": "research"})
    assert bound.engine is engine
    assert "7 entities" in repr(engine)
    assert repr(engine.facts).startswith("<ztp.Facts 7 entities sha256:")
    assert repr(ztp.UNKNOWN) == "ztp.UNKNOWN"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_in_a_notebook_every_text_is_escaped(engine: ztp.Engine) -> None:
    hostile = "<script>alert(1)</script>"
    for decision in (
        engine.decide(ANN, "read", DIARY, purpose=hostile),
        engine.decide(ANN, "read", ("Doc", hostile), purpose="research"),
    ):
        page = _Tags()
        page.feed(decision._repr_html_())
        assert "script" not in page.tags
        assert hostile in page.text
        assert set(page.tags) <= {"div", "b", "ul", "li", "code", "details", "summary", "small", "table", "tr", "td", "br"}
    page = _Tags()
    page.feed(engine.decide(ANN, "read", DIARY, purpose="research")._repr_html_())
    assert "the document is <b>closed</b>" in page.text


def test_without_an_explanation_it_still_prints(engine: ztp.Engine) -> None:
    decision = engine.decide(ANN, "read", DIARY, purpose="research")
    engine.facts.delete("Doc", "news")
    with pytest.raises(ztp.StaleError):
        decision.explanation()
    with pytest.raises(ztp.StaleError):
        decision.json()
    assert str(decision).splitlines()[0] == "deny by lab.closed: the document is <b>closed</b>"
    assert "no explanation" in str(decision)
    assert "no explanation" in decision._repr_html_()
