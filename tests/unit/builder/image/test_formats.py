"""The format of an image, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.builder.image.formats import FORMATS, RAW, Format, format_of
from vmdsl.builder.image.output import Output
from vmdsl.errors import HostError, UsageError
from vmdsl.host.packages import wanted

BUILT = [form for form in FORMATS if form.convert is not None]
CONVERTED = [form for form in BUILT if form is not RAW]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_suffix_says_the_format(form: Format) -> None:
    assert format_of(Path(f"a.b{form.suffix}")) is form
    assert set(form.programs) == set((form.convert or ())[:1])
    assert not form.programs or form.package in wanted("optional")


@pytest.mark.parametrize("name", ["image", "a.raw", "a.qcow2.old", ".qcow2", "b/c.bin"])
def test_any_other_name_is_that_of_a_raw_image(name: str) -> None:
    assert format_of(Path(name)) is RAW


@pytest.mark.parametrize("form", CONVERTED, ids=lambda form: form.name)
def test_the_raw_image_is_a_file_of_its_own(
    form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find", lambda name: f"/usr/bin/{name}")
    output = Output(tmp_path / f"a{form.suffix}")
    assert output.format is form
    assert output.raw != output.file
    output.close()
    assert list(tmp_path.iterdir()) == []


def test_a_raw_image_is_the_output_itself(tmp_path: Path) -> None:
    output = Output(tmp_path / "a.img")
    assert output.raw == output.file
    output.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if form not in BUILT], ids=lambda form: form.name
)
def test_what_can_only_be_booted_is_refused(form: Format, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Output(tmp_path / f"a{form.suffix}")
    (problem,) = caught.value.problems
    assert problem.what.endswith(f"vmdsl cannot build images in the format {form.name}")
    assert all(form.suffix in problem.hint for form in BUILT)


@pytest.mark.parametrize("form", CONVERTED, ids=lambda form: form.name)
def test_a_missing_program_is_reported_with_its_package(
    form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find", lambda _: None)
    with pytest.raises(HostError) as caught:
        Output(tmp_path / f"a{form.suffix}")
    (problem,) = caught.value.problems
    assert form.programs[0] in problem.what
    assert problem.hint.endswith(form.package)
    assert list(tmp_path.iterdir()) == []
