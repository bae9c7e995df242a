"""The page of a plan, as text. tests/integration/test_page.py opens it in a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl.errors import Problem
from vmdsl.review.page import State, page

RECIPES = Path(__file__).parents[3] / "recipes"
HOSTILE = """
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(2))))))

@step
def motd() -> None:
    create_file(root(), "/etc/<b>", "<script>alert(1)</script>{{ 7 * 7 }}\\n\\x1b[2J\\n")
    create_file(root(), "/etc/x", '"><img src=x onerror=alert(1)>')
"""


class Tags(HTMLParser):
    """Notes which tags a page has, and which it leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.py")), ids=lambda path: path.stem)
def test_it_loads_nothing(recipe: Path) -> None:
    text = page(plan_of(recipe))
    assert not {"script", "img", "link", "iframe"} & set(tags(text).seen)
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_every_operation_opens() -> None:
    plan = plan_of(RECIPES / "hybrid.py")
    seen = tags(page(plan)).seen
    assert seen.count("details") == len(plan.operations) == seen.count("summary")


def test_the_disk_is_to_scale() -> None:
    text = page(plan_of(RECIPES / "hybrid.py"))
    shares = [float(share) for share in re.findall(r'style="flex: ([0-9.e-]+) 1 0"', text)]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)
    assert shares[2] / shares[3] == pytest.approx(3453 / 512)


def test_a_hostile_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "a.py"
    recipe.write_text(HOSTILE)
    text = page(plan_of(recipe))
    assert "script" not in tags(text).seen
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}\n! \\x1b[2J" in text
    assert "\x1b" not in text


def test_the_state_of_the_cache() -> None:
    plan = plan_of(RECIPES / "hybrid.py")
    assert "was not built on this machine" in page(plan)
    text = page(plan, [State(how="cached"), State(how="", reason="argument <x> changed")])
    assert text.count(">cached</span>") == text.count(">to do</span>") == 1
    assert "argument &lt;x&gt; changed" in text


def test_obstacles() -> None:
    plan = replace(plan_of(RECIPES / "hybrid.py"), obstacles=(Problem(what="no <s390x>"),))
    assert "It cannot be built yet:</strong> no &lt;s390x&gt;" in page(plan)
