"""The Mixer's page: what it shows, that it shows foreign text as text, and that a browser reads it so."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec
import pytest

from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.packs import failing, scenario, step
from tests.fleet.test_mixer_runs import all_of, parcel_of, send

_EVIL = "<script>alert(1)</script>\u202e\"'>&"
_CHROMIUM = shutil.which("chromium")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(word for word in self.words if word)


def _get(mixer: RunningMixer, path: str) -> str:
    request = Request(mixer.url + path, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310 - of this test
    with urlopen(request, timeout=10) as response:  # noqa: S310 - as above
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        text: str = response.read().decode()
        return text


def _filled(tmp_path: Path, mixer: RunningMixer) -> str:
    """A run with what strangers write; gives its id."""
    parcel = parcel_of(tmp_path, failing("bad", name=_EVIL), scenario("good", step(_EVIL, payload={"what": _EVIL})))
    parcel.cases[0] = msgspec.structs.replace(parcel.cases[0], item=f"{_EVIL}::bad")
    mixer.start("one")
    client = mixer.client()
    info = send(client, parcel)
    all_of(client, info.run)
    return info.run


def test_racks_runs_and_steps_are_shown_and_nothing_of_a_stranger_is_more_than_text(tmp_path: Path) -> None:
    with running_mixer(tmp_path) as mixer:
        empty = _Page(_get(mixer, "/"))
        assert "No rack has said hello yet" in empty.text
        assert "Nothing has been run yet" in empty.text
        run = _filled(tmp_path, mixer)
        overview = _Page(_get(mixer, "/"))
        assert "one active" in overview.text
        assert "1 failed , 1 passed" in overview.text
        assert f"/runs/{run}" in overview.links
        of_run = _Page(_get(mixer, f"/runs/{run}"))
        assert "2 of 2" in of_run.text
        links = [link for link in of_run.links if "/scenarios/" in link]
        assert len(links) == 2
        steps = [_Page(_get(mixer, link)) for link in links]
        assert any('status : expected "nok" , got "ok"' in page.text for page in steps)
        pages = [empty, overview, of_run, *steps]
        assert not {"script", "img", "iframe", "form", "link"} & {tag for page in pages for tag in page.tags}
        assert all(link.startswith("/") for page in pages for link in page.links)
        assert any("<script>alert(1)</script>" in page.text for page in pages)
        assert not any("\u202e" in page.text for page in pages)


@pytest.mark.skipif(_CHROMIUM is None, reason="there is no chromium on this machine")
def test_a_browser_shows_it(tmp_path: Path) -> None:
    assert _CHROMIUM is not None
    with running_mixer(tmp_path, token="", api={"without_token": True}) as mixer:
        run = _filled(tmp_path, mixer)
        shown = {}
        for path in ("/", f"/runs/{run}"):
            answer = subprocess.run(
                [
                    _CHROMIUM,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    f"--user-data-dir={tmp_path / 'browser'}",
                    "--virtual-time-budget=500",
                    "--dump-dom",
                    mixer.url + path,
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            shown[path] = _Page(answer.stdout)
        assert "Racks" in shown["/"].text
        assert f"/runs/{run}" in shown["/"].links
        assert "script" not in shown["/"].tags + shown[f"/runs/{run}"].tags
