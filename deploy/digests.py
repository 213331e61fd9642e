"""Pin the images of docker-compose.yml and deploy/Dockerfile to their bytes.

A tag can be pointed at other bytes; a digest can't. `make digests` asks each image's registry for
the digest behind its tag and writes it after the tag (`prom/prometheus:v3.13.5@sha256:...`). Run it
where the registries can be reached, and look at what it changed before you commit it.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx2

FILES = (Path("docker-compose.yml"), Path("deploy/Dockerfile"))
OURS = "watchroom"
"""The image that is built here, which no registry has."""
SECONDS = 30.0
NAMED = re.compile(r"^(?P<before>\s*image:\s*|FROM\s+)(?P<image>[^\s@]+)(?:@sha256:[0-9a-f]{64})?")

# An index lists one image for each architecture; its digest holds for all of them.
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


class NoDigestError(Exception):
    """A registry gave no digest for an image: which, and why."""


@dataclass(frozen=True)
class Image:
    """An image's name in its parts."""

    registry: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, name: str) -> "Image":
        """Read a name as Docker does: no registry is Docker Hub, no tag is `latest`."""
        first, slash, rest = name.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            registry, path = first, rest
        else:
            registry, path = "registry-1.docker.io", name if slash else f"library/{name}"
        repository, _, tag = path.partition(":")
        return cls(registry, repository, tag or "latest")

    @property
    def manifest(self) -> str:
        """The address of its manifest (OCI distribution specification); loopback without TLS."""
        host = self.registry.partition(":")[0]
        scheme = "http" if host in {"localhost", "127.0.0.1"} else "https"
        return f"{scheme}://{self.registry}/v2/{self.repository}/manifests/{self.tag}"


def _token(client: httpx2.Client, challenge: str) -> str:
    """Get the token that a registry asks for before it answers anyone.

    Raises:
        NoDigestError: It asks for something else.
    """
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer") or "realm" not in asked:
        raise NoDigestError(f"it asks for a sign-in ({challenge or 'not said how'})")
    answer = client.get(asked.pop("realm"), params=asked).raise_for_status().json()
    return str(answer.get("token") or answer["access_token"])


def digest(client: httpx2.Client, name: str) -> str:
    """Ask the registry of an image for the digest behind its tag: `sha256:` and 64 hex digits.

    Raises:
        NoDigestError: The registry can't be reached, does not know the image, or gave none.
    """
    image = Image.parse(name)
    headers = {"Accept": MANIFESTS}
    try:
        answer = client.head(image.manifest, headers=headers)
        if answer.status_code == 401:
            token = _token(client, answer.headers.get("WWW-Authenticate", ""))
            headers["Authorization"] = f"Bearer {token}"
            answer = client.head(image.manifest, headers=headers)
    except httpx2.HTTPError as error:
        raise NoDigestError(f"{name}: {image.registry} can't be reached ({error})") from error
    except NoDigestError as error:
        raise NoDigestError(f"{name}: {image.registry} gave no digest: {error}") from error
    if answer.status_code != 200:
        raise NoDigestError(f"{name}: {image.registry} answered {answer.status_code}")
    given = str(answer.headers.get("Docker-Content-Digest", ""))
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", given):
        raise NoDigestError(f"{name}: {image.registry} gave no digest of 64 digits ({given!r})")
    return given


def images(text: str) -> list[str]:
    """Give the images that a file names, each once, but for the one that is built here."""
    found = (NAMED.match(line) for line in text.splitlines())
    names = (match["image"] for match in found if match)
    return list(dict.fromkeys(name for name in names if name.partition(":")[0] != OURS))


def pinned(text: str, digests: dict[str, str]) -> str:
    """Give a file's text with each image's digest behind its tag, in place of an older one."""

    def pin(line: str) -> str:
        match = NAMED.match(line)
        if match is None or match["image"] not in digests:
            return line
        return f"{match['before']}{match['image']}@{digests[match['image']]}{line[match.end() :]}"

    return "".join(pin(line) for line in text.splitlines(keepends=True))


def main() -> int:
    """Pin all images, or none: half of them pinned would look like all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, default=FILES, help="files to write")
    files = parser.parse_args().files
    texts = {path: path.read_text() for path in files}
    names = dict.fromkeys(name for text in texts.values() for name in images(text))
    digests, failures = {}, []
    with httpx2.Client(timeout=SECONDS, follow_redirects=True) as client:
        for name in names:
            try:
                digests[name] = digest(client, name)
                print(f"{name}  {digests[name]}")
            except NoDigestError as error:
                failures.append(str(error))
    if failures:
        print("Nothing was written, since not every image could be looked up:", file=sys.stderr)
        for failure in failures:
            print(f"  {failure}", file=sys.stderr)
        return 3
    for path, text in texts.items():
        path.write_text(pinned(text, digests))
        print(f"Wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
