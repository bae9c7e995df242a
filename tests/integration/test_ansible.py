"""A playbook that is played in a minimal system, as an ordinary user and as root."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parent / "recipes/playbook.py"
PLAY = {
    "token": "s3cret-t0ken\n",
    "ansible.cfg": "[defaults]\nroles_path = shared/roles\n",
    "shared/roles/common/tasks/main.yml": "- {file: {path: /etc/common, state: touch}}\n",
    "play/group_vars/servers.yml": "of_the_group: yes indeed\n",
    "play/templates/facts.j2": """\
{{ inventory_hostname }} {{ ansible_hostname }} {{ ansible_service_mgr }} {{ greeting[0] }}
{{ ansible_distribution_release }} {{ of_the_group }} {{ ansible_env.keys() | sort | join(" ") }}
""",
    "play/site.yml": """\
- hosts: servers
  roles: [common]
  tasks:
    - name: A user
      user: {name: app, system: true, create_home: false}
    - name: Facts
      template: {src: facts.j2, dest: /etc/facts, owner: app, mode: "0640"}
      notify: Restart it
    - name: A secret
      copy: {content: "{{ token }}", dest: /etc/token, mode: "0600"}
    - name: A unit
      copy: {content: "[Service]\\nExecStart=true\\n[Install]\\nWantedBy=multi-user.target\\n",
             dest: /etc/systemd/system/it.service}
    - name: Enabled
      service: {name: it, enabled: true}
    - name: Skipped
      file: {path: /etc/skipped, state: touch}
      tags: skipped
    - name: It breaks
      command: sh -c "echo this is why >&2; exit 3"
      tags: [never, broken]
  handlers:
    - name: Restart it
      service: {name: it, state: restarted}
""",
}


def folder_of(user: Any, base: Any) -> Path:
    folder: Path = user.folder("played")
    for name, text in {**PLAY, "playbook.py": RECIPE.read_text("utf-8")}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(base.tarball, folder / "base.tar")
    subprocess.run(["chown", "-R", f"{user.name}:", folder], check=True)
    return folder


def played(user: Any, folder: Path, *arguments: str) -> Any:
    return user.build(
        folder / "playbook.py",
        *("--tarball", folder / "base.tar", "--output", folder / "played.img", *arguments),
    )


@pytest.fixture(scope="module")
def image(alone: User, base: Any) -> Path:
    before = set(alone.home.iterdir())
    folder = folder_of(alone, base)
    done = played(alone, folder)
    assert done.returncode == 0, done.stdout
    assert PLAY["token"].strip() not in done.stdout
    assert set(alone.home.iterdir()) - before <= {folder, alone.cache}
    assert not [path for path in folder.rglob("*") if path.name in {"__pycache__", ".ansible"}]
    return folder / "played.img"


def ask(image: Path, request: str) -> str:
    argv = ["/sbin/debugfs", "-R", request, f"{image}?offset={2**20}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_what_was_played(image: Path) -> None:
    words = ask(image, "cat /etc/facts").split("\n")
    assert words[0] == "system played systemd Grüße"
    assert words[1].startswith("bookworm yes indeed HOME LC_ALL PATH ")
    assert "ANSIBLE" not in words[1]
    assert "TMPDIR" not in words[1]
    assert "Mode:  0640" in ask(image, "stat /etc/facts")
    assert ask(image, "cat /etc/token") == "s3cret-t0ken"
    assert "Type: regular" in ask(image, "stat /etc/common")
    wants = ask(image, "ls -p /etc/systemd/system/multi-user.target.wants")
    assert "/it.service/" in wants
    assert "Type" not in ask(image, "stat /etc/skipped")


def test_nothing_is_left_of_ansible(image: Path) -> None:
    for folder in ("/root", "/tmp", "/run", "/var/tmp"):
        assert ".ansible" not in ask(image, f"ls -p {folder}")
    assert "__pycache__" not in ask(image, "ls -p /tmp")


def test_same_bytes(image: Path, root_user: Any, base: Any) -> None:
    folder = folder_of(root_user, base)
    done = played(root_user, folder)
    assert done.returncode == 0, done.stdout
    sums = [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (image, folder / "played.img")
    ]
    assert sums[0] == sums[1]


def test_failing_task(image: Path, alone: User) -> None:
    done = played(alone, image.parent, "--broken")
    assert done.returncode == 5
    assert "playbook.py:47: step play: play/site.yml: the task 'It breaks' failed" in done.stdout
    assert re.search(r"stderr: this is why", done.stdout)
    assert "Traceback" not in done.stdout


def test_no_playbook_in_it(image: Path, alone: User) -> None:
    site = image.parent / "play/site.yml"
    text = site.read_text()
    try:
        site.write_text("- hosts: servers\n  tusks: []\n")
        done = played(alone, image.parent)
    finally:
        site.write_text(text)
    assert done.returncode == 5
    assert "the playbook play/site.yml cannot be played" in done.stdout
    assert "tusks" in done.stdout


def test_plan_knows_what_is_read(image: Path, alone: User) -> None:
    done = alone.run(
        alone.checkout / ".venv/bin/vmdsl", "plan", "--json", image.parent / "playbook.py"
    )
    assert "s3cret" not in done.stdout
    assert json.loads(done.stdout)["operations"]
