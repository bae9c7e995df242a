"""Checks of the files that a command line names: that they exist, or can be written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from vmdsl.builder.image.formats import RAW, format_meant, suffixes_to_build
from vmdsl.errors import Problem, UsageError
from vmdsl.host.full import error_of_disk, is_full
from vmdsl.language.operation import Operation, Work
from vmdsl.similar import closest, similar_file

#: How the name of a file with a plan ends.
PLAN_SUFFIX = ".plan"
_SHOWN = 3
_WRITABLE = 0o222
#: Programs that compress a file, by the suffix that they give it.
_COMPRESSED = {".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".bz2": "bzip2", ".lz4": "lz4"}


def existing_file(
    path: Path, what: str, suffix: str, names: Callable[[], Iterable[str]] = tuple
) -> None:
    """Raise UsageError unless `path` is an existing file. `what` is a word for it.

    `names` returns further names that may be meant, which are not of files.
    """
    if path.is_file():
        return
    if path.is_dir():
        inside = sorted(path.glob(f"*{suffix}"))
        shown = [str(file) for file in inside[:_SHOWN]] + ["…"] * (len(inside) > _SHOWN)
        hint = f"did you mean {' or '.join(shown)}?" if inside else ""
        raise UsageError(
            Problem(what=f"{path} is a directory, not a {what}", hint=hint, code="no-such-file")
        )
    if path.exists():
        raise UsageError(f"{path} is not a file", code="no-such-file")
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no {what} {path}: no directory {path.parent}", code="no-such-file"
        )
    close = similar_file(path, f"*{suffix}") or closest(str(path), names())
    hint = f"did you mean {close}?" if close else ""
    raise UsageError(Problem(what=f"there is no {what} {path}", hint=hint, code="no-such-file"))


def check_output(output: Path, recipe: Path) -> None:
    """Raise UsageError if an image cannot be written to `output`."""
    directory = output.parent
    if output.is_dir():
        inside = output / recipe.with_suffix(RAW.suffix).name
        raise UsageError(
            Problem(
                what=f"{output} is a directory",
                hint=f"name the image: --output {inside}",
                code="output-file",
            )
        )
    if str(output) == "-":
        what = "an image is not written to standard output"
        raise UsageError(
            Problem(what=what, hint="name a file, or a disk: /dev/sdX", code="output-file")
        )
    if output.exists() and recipe.exists() and output.samefile(recipe):
        raise UsageError(f"{output} is the recipe; the image would replace it", code="output-file")
    _check_suffix(output)
    check_directory(output)
    if output.exists() and not output.stat().st_mode & _WRITABLE:
        hint = f"allow it with chmod u+w {output}, or name another file with --output"
        raise UsageError(
            Problem(
                what=f"{output} is read-only, so it is not replaced", hint=hint, code="output-file"
            )
        )
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(
            Problem(
                what=f"you cannot write to the directory {directory}",
                hint="name another place for the image with --output",
                code="output-file",
            )
        )


def check_not_read(output: Path, operations: Iterable[Operation]) -> None:
    """Raise UsageError if an image would replace a file that it is made from."""
    for operation in (one for one in operations if isinstance(one, Work)):
        for file in operation.local_files():
            place = operation.directory / file
            if output.exists() and place.exists() and output.samefile(place):
                raise UsageError(
                    operation.problem(
                        f"{output} is read here, and the image would replace it",
                        "name another file for the image: --output",
                        code="output-file",
                    )
                )


def _check_suffix(output: Path) -> None:
    """Raise UsageError if the name of an image is like that of a format which it would not have."""
    if form := format_meant(output):
        what = f"{output}: there is no format of images with the suffix {output.suffix}"
        hint = f"did you mean {output.with_suffix(form.suffix)}?"
        if form.convert is None:
            hint = f"let the name end with {suffixes_to_build()}: vmdsl cannot build {form.suffix}"
        raise UsageError(Problem(what=what, hint=hint, code="image-format"))
    if program := _COMPRESSED.get(output.suffix):
        what = f"{output}: vmdsl does not compress images"
        image = output.with_suffix("")
        hint = f"name it {image}, and compress it then: {program} {image}"
        raise UsageError(Problem(what=what, hint=hint, code="image-format"))


def is_device(output: Path) -> bool:
    """Return whether a path is that of a device, or would be if the device were there."""
    above = output.absolute().parents
    in_dev = Path("/dev") in above and Path("/dev/shm") not in above  # noqa: S108 (it has files)
    return not output.is_dir() and (in_dev or (output.exists() and not output.is_file()))


def check_log(log: Path, *, image: Path, recipe: Path) -> None:
    """Raise UsageError if a log cannot be written to `log`, or would replace another file."""
    if log.is_dir():
        raise UsageError(f"{log} is a directory: name the log's file", code="output-file")
    check_directory(log)
    for path, what in ((image, "the image"), (recipe, "the specification")):
        if log.resolve() == path.resolve():
            raise UsageError(f"{log} is {what}; the log would replace it", code="output-file")


def check_directory(path: Path) -> None:
    """Raise UsageError unless the directory of a file to be written exists."""
    directory = path.parent
    if not directory.is_dir():
        hint = "" if directory.exists() else f"make it first: mkdir -p {directory}"
        raise UsageError(
            Problem(what=f"there is no directory {directory}", hint=hint, code="output-file")
        )


def replace_file(path: Path, text: str) -> None:
    """Write a text to a file that is renamed into place when it is complete."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory: name the file", code="output-file")
    _write(path, text, lambda part: part.replace(path))


def create_file(path: Path, text: str) -> None:
    """Write a text to a new file, which is there when it is complete.

    Raises FileExistsError, and UsageError if it cannot be written.
    """
    _write(path, text, path.hardlink_to)


def _write(path: Path, text: str, name: Callable[[Path], object]) -> None:
    """Write a text to a file that has another name until it is complete, and then name it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        name(part)
    except FileExistsError:
        raise
    except OSError as error:
        if is_full(error):
            raise error_of_disk(error, path) from None
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", code="output-file"
        ) from None
    finally:
        part.unlink(missing_ok=True)
