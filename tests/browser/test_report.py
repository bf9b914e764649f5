"""The report in a real browser under Jenkins's policy: complete, readable on a phone and in the dark, accessible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from agent.report.beside import Beside, Listing, beside_page
from agent.report.build import Change
from agent.report.page import pages
from tests import builds, described_data, predicted_models
from tests.browser.conftest import jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page

BUILDS = {
    "refused": replace(builds.report(builds.refused()), worked=builds.WORKED),
    "released": builds.report(builds.released(), past=builds.past(), pull_request=None, branch="main"),
    "described": replace(builds.report(builds.refused()), data=described_data.told()),
    "predicted": replace(builds.report(builds.released()), models=predicted_models.models()),
    "of-classes": replace(builds.report(builds.released()), models=predicted_models.models("multiclass")),
    "failed": builds.report(builds.failed()),
    "unfit": builds.report(builds.unfit(), result="FAILURE"),
    "interrupted": builds.report(builds.interrupted()),
    "promotion": builds.report(builds.promotion(), kind="promotion"),
    "nothing": builds.report([], "FAILURE"),
    "long": builds.report(
        [builds.outcome("train", status="failed", exit_code=7, error=f"{'x' * 500}\n{'y' * 500}", title="z" * 200)],
        subject="w" * 300,
    ),
}
WIDE, PHONE = 1200, 375


COMPARED = Beside(
    project="tumour",
    title="release 5a5a5a5a5a5a beside 4b4b4b4b4b4b: recall 0.97 (better, was 0.95)",
    before="4b4b4b4b4b4b",
    after="5a5a5a5a5a5a",
    changes=(
        Change(topic="metrics", what="recall", before="0.95", after="0.97", judgement="better", note="+0.02"),
        Change(topic="metrics", what="auc", before="0.9", after="0.8", judgement="incomparable"),
        Change(topic="files", what=f"training/{'x' * 200}.csv", before="1 kB", after="2 kB", judgement="changed"),
    ),
    listings=(Listing(title="configuration", lines=(f"-{'a' * 300}", "+b")),),
)
PAGES = [*BUILDS, "compared"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("reports")
    for name, report in BUILDS.items():
        (folder / name).mkdir()
        for file, content in pages(report).items():
            (folder / name / file).write_bytes(content)
    (folder / "compared").mkdir()
    for file, content in beside_page(COMPARED, "compared.css").items():
        (folder / "compared" / file).write_bytes(content)
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
    [(name, width, scheme) for name in PAGES for width in (WIDE, PHONE) for scheme in ("light", "dark")],
    ids=lambda way: "-".join(map(str, way)),
    indirect=True,
)


@every_way
def test_nothing_is_refused_by_the_policy_and_nothing_overflows(opened: Opened) -> None:
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
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


@pytest.mark.parametrize("opened", [("released", PHONE, "light"), ("released", WIDE, "dark")], indirect=True, ids=str)
def test_past_releases_are_drawn_in_both_schemes_and_told_in_words(opened: Opened) -> None:
    section = opened.page.get_by_role("region", name="Metrics over past releases").first
    picture = section.get_by_role("img")
    told = picture.get_attribute("alt") or ""
    assert told.startswith("recall: 0.91 on 2026-11-21, 0.95 on 2026-11-22, 0.96 on 2026-11-23 on other rows, ")
    assert "rolled back to 0.95 on 2026-11-24 on other rows (live), this build 0.92;" in told
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 340
    dark = opened.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert picture.evaluate("image => image.currentSrc").endswith("past-dark.svg" if dark else "past.svg")
    rows = section.get_by_role("row").all_inner_texts()
    assert ["4b4b4b4b4b4b live" in " ".join(row.split()) for row in rows] == [False, True, False, False, False]


@pytest.mark.parametrize("opened", [("released", WIDE, "dark")], indirect=True, ids=["released"])
def test_past_releases_are_printed_light(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    opened.page.reload()
    shown = opened.page.evaluate("[...document.images].map(image => image.currentSrc.split('/').pop())")
    assert shown == ["metrics.svg", "past.svg"]


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
