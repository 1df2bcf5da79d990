"""Signing in through somebody else's implementation: the npm package `oidc-provider`, on loopback, by its own pages."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from tests.support.browser import browser
from tests.support.fixtures import OpenCentre

SERVER = Path(__file__).resolve().parents[1] / "foreign" / "oidc" / "server.mjs"
MAPPING = '[[rule]]\nclaim = "groups"\nvalue = "dispatch-west"\nrole = "observer"\nterritory = "west"\n'
SECRET = "a secret of this test / with + odd = letters"


@pytest.fixture
def issuer() -> Iterator[str]:
    node = shutil.which("node")
    if node is None or not (SERVER.parent / "node_modules").exists():
        pytest.skip("NO FOREIGN PROVIDER: run `make setup`; signing in through `oidc-provider` was not tried")
    redirect = "https://markaz.example/api/session/provider/return"
    with subprocess.Popen([node, str(SERVER), redirect, SECRET], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


async def test_a_foreign_provider_signs_somebody_in(open_centre_with: OpenCentre, issuer: str, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING)
    (tmp_path / "secret").write_text(SECRET + "\n")
    centre = await open_centre_with(
        public_url="https://markaz.example",
        provider_issuer=issuer,
        provider_client_id="markaz",
        provider_mapping=tmp_path / "mapping.toml",
        provider_secret=tmp_path / "secret",
    )
    async with browser(centre) as here:
        sent = await here.post("/api/session/provider")
        assert sent.status_code == 200, sent.text
        back = await at_the_provider(sent.json()["location"])
        assert back.startswith("https://markaz.example/api/session/provider/return?")
        arrived = await here.get(back)
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/")
        me = (await here.get("/api/me")).json()
        assert (me["account"]["login"], me["account"]["display_name"]) == ("synthetic@127.0.0.1", "Synthetic Person")
        assert [grant["role"] for grant in me["grants"]] == ["observer"]
        assert (await here.get(back)).headers["location"] == "/?sign_in=step_ended"


async def at_the_provider(location: str) -> str:
    """Go through the provider's own pages (sign in, consent) and return where it sends the browser back to."""
    async with httpx.AsyncClient(follow_redirects=False) as client:
        page = await client.get(location)
        for _ in range(12):
            if page.is_redirect:
                location = str(page.url.join(page.headers["location"]))
                if location.startswith("https://markaz.example"):
                    return location
                page = await client.get(location)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            assert form is not None, page.text
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', page.text))
            page = await client.post(
                str(page.url.join(unescape(form[1]))), data=hidden | {"login": "u-17", "password": "any"}
            )
    raise AssertionError("the provider asks without end")
