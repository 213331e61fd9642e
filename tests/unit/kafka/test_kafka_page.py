"""What docs/kafka.md tells a producer is what the workers expect."""

from __future__ import annotations

import re
from pathlib import Path

from streams.config.force import find_force, shipped_forces
from streams.kafka.topics import INPUT_TOPICS, PARTITIONS, input_topic, partition_of
from streams.kafka.wrong_partition import OPTION

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "kafka.md").read_text()


def test_every_kind_has_its_topic() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
    assert dict(rows) == {kind: input_topic("watchroom", kind) for kind in INPUT_TOPICS}


def test_every_shipped_force_has_its_key_and_partition() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \| (\d+) \|$", PAGE, re.MULTILINE)
    wanted = set()
    for name in shipped_forces():
        group = find_force(name).partition_group
        wanted.add((name, group, str(partition_of(group, PARTITIONS))))
    assert set(rows) == wanted


def test_the_setting_of_clients_with_another_hash_is_that_of_the_dead_letters() -> None:
    assert f"**`{OPTION}`**" in PAGE
    assert f"-X {OPTION}" in PAGE
    name, value = OPTION.split("=")
    assert f'"{name}": "{value}"' in PAGE


def test_what_the_pages_about_kafka_link_to_is_there() -> None:
    for page in (
        "kafka.md",
        "operations.md",
        *(f"runbooks/{p.name}" for p in (DOCS / "runbooks").glob("*.md")),
    ):
        text = (DOCS / page).read_text()
        for target in re.findall(r"\]\(([^)#]+\.md)?(?:#[^)]*)?\)", text):
            assert not target or ((DOCS / page).parent / target).is_file(), (page, target)
        for target, anchor in re.findall(r"\]\(([^)#]*\.md)?#([^)]*)\)", text):
            other = ((DOCS / page).parent / target if target else DOCS / page).read_text()
            heads = re.findall(r"^#+ (.*)$", other, re.MULTILINE)
            known = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
            assert anchor in known, (page, target, anchor)
