"""The Mixer's page: what it shows, that it shows foreign text as text, and that a browser reads it so."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

from pytest_fluxscenario.fleet.mixer.web.page_parts import span
from pytest_fluxscenario.fleet.mixer.web.page_run import MOST
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
    return _bytes(mixer, path, "text/html; charset=utf-8").decode()


def _bytes(mixer: RunningMixer, path: str, kind: str = "") -> bytes:
    # As a browser does it, whose user was asked for the token.
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    request = Request(mixer.url + path, headers={"Authorization": f"Basic {basic}"})  # noqa: S310 - of this test
    with urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        assert kind in ("", response.headers["content-type"])
        # Whatever is in it: no script, no frame, nothing from elsewhere, and no copy of it in a cache.
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        data: bytes = response.read()
        return data


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
        # What failed comes first, with its reason.
        assert of_run.text.index("step 2 '") < of_run.text.index("::good")
        links = [link for link in of_run.links if "/scenarios/" in link]
        assert len(links) == 2
        steps = [_Page(_get(mixer, link)) for link in links]
        assert "status nok ok" in steps[0].text
        assert {"http-equiv", "script"} & {*steps[0].tags} == set()
        pages = [empty, overview, of_run, *steps]
        assert not {"script", "img", "iframe", "form", "link"} & {tag for page in pages for tag in page.tags}
        assert all(link.startswith("/") for page in pages for link in page.links)
        assert any("<script>alert(1)</script>" in page.text for page in pages)
        assert not any("\u202e" in page.text for page in pages)


def test_a_run_is_narrowed_to_what_became_of_its_scenarios_and_told_in_pages(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number:03}") for number in range(MOST + 3)], failing("bad"))
    parcel.cases[0] = msgspec.structs.replace(parcel.cases[0], skip="waits for somebody")
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        waiting = _Page(_get(mixer, f"/runs/{run}/only/waiting"))
        assert "page 1 of 2" in waiting.text
        mixer.start()
        all_of(client, run)
        whole = _Page(_get(mixer, f"/runs/{run}"))
        scenarios = [link for link in whole.links if "/scenarios/" in link]
        assert len(scenarios) == MOST
        assert f"/runs/{run}?page=2" in whole.links
        assert "1 failed 1 skipped 202 passed" in whole.text
        rest = [link for link in _Page(_get(mixer, f"/runs/{run}?page=2")).links if "/scenarios/" in link]
        assert len({*scenarios, *rest}) == MOST + 4
        assert "There is none." in _get(mixer, f"/runs/{run}?page=99")
        only = _Page(_get(mixer, f"/runs/{run}/only/skipped"))
        assert "waits for somebody" in only.text
        assert len([link for link in only.links if "/scenarios/" in link]) == 1
        for path in (f"/runs/{run}/only/nothing", f"/runs/{run}/scenarios/0", f"/runs/{run}/scenarios/9999"):
            with pytest.raises(HTTPError) as refused:
                _get(mixer, path)
            assert refused.value.code == 404
            refused.value.close()


def test_records_and_evidence_are_downloaded_where_the_page_says(tmp_path: Path) -> None:
    with running_mixer(tmp_path) as mixer:
        run = _filled(tmp_path, mixer)
        of_run = _Page(_get(mixer, f"/runs/{run}"))
        assert f"/runs/{run}/evidence.zip" in of_run.links
        with zipfile.ZipFile(io.BytesIO(_bytes(mixer, f"/runs/{run}/evidence.zip"))) as archive:
            assert archive.namelist() == ["manifest.json", "records.jsonl"]
            lines = archive.read("records.jsonl").splitlines(keepends=True)
        links = [link for link in of_run.links if "/scenarios/" in link]
        files = [link for page in links for link in _Page(_get(mixer, page)).links if link.endswith("record.json")]
        assert sorted(_bytes(mixer, file) for file in files) == sorted(lines)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0004, "< 1 ms"),
        (0.25, "250 ms"),
        (3.25, "3.2 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (7_260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
        (-5, "< 1 ms"),
    ],
)
def test_lengths_of_time_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert span(seconds) == said


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
