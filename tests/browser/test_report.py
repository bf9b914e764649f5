"""The report in a real browser under Jenkins's policy: complete, readable on a phone and in the dark, accessible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from agent.report.page import pages
from tests import builds
from tests.browser.conftest import jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page

BUILDS = {
    "refused": builds.report(builds.refused()),
    "released": builds.report(builds.released(), pull_request=None, branch="main"),
    "failed": builds.report(builds.failed()),
    "interrupted": builds.report(builds.interrupted()),
    "promotion": builds.report(builds.promotion(), kind="promotion"),
    "nothing": builds.report([], "FAILURE"),
    "long": builds.report(
        [builds.outcome("train", status="failed", exit_code=7, error=f"{'x' * 500}\n{'y' * 500}", title="z" * 200)],
        subject="w" * 300,
    ),
}
WIDE, PHONE = 1200, 375


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("reports")
    for name, report in BUILDS.items():
        (folder / name).mkdir()
        for file, content in pages(report).items():
            (folder / name / file).write_bytes(content)
    (folder / "favicon.ico").write_bytes(b"")
    with jenkins(folder) as address:
        yield address


class Opened:
    """A page that was opened, with everything that the browser complained of."""

    def __init__(self, browser: Browser, address: str, *, width: int, scheme: str) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.goto(address)

    def _hear(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)


@pytest.fixture
def opened(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    name, width, scheme = request.param
    found = Opened(browser, f"{site}/{name}/index.html", width=width, scheme=scheme)
    yield found
    found.context.close()


every_way = pytest.mark.parametrize(
    "opened",
    [(name, width, scheme) for name in BUILDS for width in (WIDE, PHONE) for scheme in ("light", "dark")],
    ids=lambda way: "-".join(map(str, way)),
    indirect=True,
)


@every_way
def test_nothing_is_refused_by_the_policy_and_nothing_overflows(opened: Opened) -> None:
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", BUILDS)
def test_axe_finds_nothing(browser: Browser, site: str, name: str, scheme: str) -> None:
    found = Opened(browser, f"{site}/{name}/index.html?examined", width=PHONE, scheme=scheme)
    results = Axe().run(found.page)
    found.context.close()
    assert results.violations_count == 0, results.generate_report()
    assert len(results.response["passes"]) > 15


@pytest.mark.parametrize("opened", [("refused", WIDE, "light")], indirect=True, ids=["refused"])
def test_style_and_pictures_are_there_under_the_policy(opened: Opened) -> None:
    page = opened.page
    assert page.evaluate("document.styleSheets[0].cssRules.length") > 10
    assert page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)") == [340]


@pytest.mark.parametrize("opened", [("refused", WIDE, "light"), ("refused", WIDE, "dark")], indirect=True, ids=str)
def test_the_picture_follows_the_scheme(opened: Opened) -> None:
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    shown = opened.page.evaluate("document.images[0].currentSrc")
    assert (background, shown.rpartition("/")[2]) in {
        ("rgb(246, 247, 249)", "metrics.svg"),
        ("rgb(18, 22, 29)", "metrics-dark.svg"),
    }


@pytest.mark.parametrize("opened", [("refused", WIDE, "dark")], indirect=True, ids=["refused"])
def test_what_is_printed_is_light_whatever_the_screen_is(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    ink = opened.page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert ink == "rgb(27, 35, 48)"
    opened.page.reload()  # for a page that is there already may keep the picture that it has
    assert opened.page.evaluate("document.images[0].currentSrc").endswith("/metrics.svg")


@pytest.mark.parametrize("opened", [("refused", PHONE, "light")], indirect=True, ids=["refused"])
def test_a_screen_reader_finds_its_way(opened: Opened) -> None:
    page = opened.page
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("contentinfo").count() == 1
    assert page.get_by_role("heading", level=1).inner_text().endswith("recall misses 0.94 by 0.02")
    assert (
        page.get_by_role("region", name="Metrics")
        .first.get_by_role("rowheader")
        .first.inner_text()
        .startswith("recall")
    )
    assert page.get_by_role("img").get_attribute("alt") == (
        "recall: this build 0.92, champion of qa 0.95; log_loss: this build 0.13, champion of qa 0.13; "
        "auc: this build 0.9871, champion of qa 0.9853"
    )


@pytest.mark.parametrize("opened", [("refused", WIDE, "light")], indirect=True, ids=["refused"])
def test_a_click_on_an_id_selects_all_of_it(opened: Opened) -> None:
    code = opened.page.locator("code.id").first
    code.click()
    assert opened.page.evaluate("getSelection().toString()") == code.inner_text() == "f" * 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_a_screenshot_can_be_looked_at(browser: Browser, site: str, tmp_path: Path, width: int, scheme: str) -> None:
    found = Opened(browser, f"{site}/refused/index.html", width=width, scheme=scheme)
    file = tmp_path / f"report-{width}-{scheme}.png"
    found.page.screenshot(path=file, full_page=True)
    found.context.close()
    assert file.stat().st_size > 10_000
