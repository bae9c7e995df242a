from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl import RootFs, ansible
from vmdsl.language.operation import Recorder
from vmdsl.operations.scripts.ansible import Ansible, failed_task

#: As Ansible writes its log: each message with its time and process, and further lines without.
LOG = """\
2026-01-02 03:04:05,678 p=12 u=root n=ansible | PLAY [image] *********
2026-01-02 03:04:05,678 p=12 u=root n=ansible | TASK [Gathering Facts] *********
2026-01-02 03:04:06,678 p=12 u=root n=ansible | ok: [system]
2026-01-02 03:04:06,678 p=12 u=root n=ansible | TASK [web : Expected to fail] *********
2026-01-02 03:04:06,678 p=12 u=root n=ansible | fatal: [system]: FAILED! =>
  msg: not so bad
2026-01-02 03:04:06,678 p=12 u=root n=ansible | ...ignoring
2026-01-02 03:04:06,678 p=12 u=root n=ansible INFO| RUNNING HANDLER [Restart it] *********
2026-01-02 03:04:06,678 p=12 u=root n=ansible INFO| [WARNING]: something else
2026-01-02 03:04:06,678 p=12 u=root n=ansible INFO| fatal: [system]: FAILED! =>
  changed: false
  msg: no such service
2026-01-02 03:04:06,678 p=12 u=root n=ansible | PLAY RECAP *********
2026-01-02 03:04:06,678 p=12 u=root n=ansible | system : ok=1 failed=1
"""


def test_what_failed_last_is_told() -> None:
    task, lines = failed_task(LOG)
    assert task == "the handler 'Restart it'"
    assert lines == ["fatal: [system]: FAILED! =>", "  changed: false", "  msg: no such service"]


@pytest.mark.parametrize("log", ["", "ERROR! the playbook: a.yml could not be found", "\n"])
def test_nothing_was_played(log: str) -> None:
    assert failed_task(log) == ("", [])


def test_what_is_said_is_bounded() -> None:
    log = "TASK [x] ***\nfatal: [system]: FAILED! =>\n" + f"  {'y' * 1000}\n" * 100
    lines = failed_task(log)[1]
    assert len(lines) == 20
    assert max(map(len, lines)) <= 500


def test_what_is_read(tmp_path: Path, recorder: Recorder, system: RootFs) -> None:
    for name in (
        *("play/site.yml", "play/more.yaml", "play/image.img", "play/roles/web/tasks/main.yml"),
        *("play/templates/a.j2", "play/other/x.yml", "ansible.cfg", "recipe.py", "all/.hidden"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    recorder.recipe = tmp_path / "recipe.py"
    ansible(system, "play/site.yml", config="ansible.cfg", files=("all", "key"))
    operation = recorder.operations[-1]
    assert isinstance(operation, Ansible)
    assert [str(path) for path in operation.local_directories()] == [
        *("all", "play/roles", "play/templates"),
    ]
    assert [str(path) for path in operation.local_files()] == [
        *("all/.hidden", "ansible.cfg", "key", "play/more.yaml", "play/roles/web"),
        *("play/roles/web/tasks", "play/roles/web/tasks/main.yml", "play/site.yml"),
        "play/templates/a.j2",
    ]


def test_variables_are_in_order(recorder: Recorder, system: RootFs) -> None:
    for variables in (
        {"b": 1, "a": {"d": [None], "c": "ä"}},
        {"a": {"c": "ä", "d": [None]}, "b": 1},
    ):
        ansible(system, "site.yml", extra_vars=variables)
        operation = recorder.operations[-1]
        assert isinstance(operation, Ansible)
        assert operation.extra_vars == '{"a": {"c": "ä", "d": [null]}, "b": 1}'
