"""A small client of a language server, which asks about one document as an editor would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_SERVER = Path(sys.executable).with_name("basedpyright-langserver")
_CAPABILITIES = {
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {"hover": {"contentFormat": ["markdown"]}},
}


class Editor:
    """An editor in which one recipe is open."""

    def __init__(self, document: Path, to_server: IO[bytes], from_server: IO[bytes]) -> None:
        self._to_server, self._from_server = to_server, from_server
        self._asked = 0
        self._uri = document.as_uri()
        self._text = document.read_text("utf-8")
        folder = document.parent.as_uri()
        self.ask(
            "initialize",
            processId=None,
            rootUri=folder,
            workspaceFolders=[{"uri": folder, "name": "recipes"}],
            capabilities=_CAPABILITIES,
        )
        self._send(method="initialized", params={})
        opened = {"uri": self._uri, "languageId": "python", "version": 1, "text": self._text}
        self._send(method="textDocument/didOpen", params={"textDocument": opened})

    def hover(self, code: str) -> str:
        """The text that is shown for the name that begins a piece of code, as one line."""
        answer = self.ask("textDocument/hover", **self._place(code, 0))
        return " ".join(str(answer["contents"]["value"]).split())

    def completions(self, code: str) -> list[str]:
        """The names that are offered behind a piece of code."""
        answer = self.ask("textDocument/completion", **self._place(code, len(code)))
        return [str(item["label"]) for item in answer["items"]]

    def signature(self, code: str) -> str:
        """The signature that is shown behind a piece of code."""
        answer = self.ask("textDocument/signatureHelp", **self._place(code, len(code)))
        return str(answer["signatures"][0]["label"])

    def close(self) -> None:
        """End the server."""
        self.ask("shutdown")
        self._send(method="exit")

    def _place(self, code: str, offset: int) -> dict[str, object]:
        before = self._text[: self._text.index(code) + offset]
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return {"textDocument": {"uri": self._uri}, "position": place}

    def ask(self, method: str, **params: object) -> Any:
        """Ask the server, and answer its own questions until it answers."""
        self._asked += 1
        self._send(id=self._asked, method=method, params=params)
        while True:
            message = self._receive()
            if "method" not in message:
                assert message["id"] == self._asked
                assert "error" not in message
                return message["result"]
            if "id" in message:  # the server's question
                asked = message["params"].get("items", ()) if message["params"] else ()
                answers = [_setting(item["section"]) for item in asked]
                self._send(id=message["id"], result=answers or None)

    def _send(self, **message: object) -> None:
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to_server.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self._to_server.flush()

    def _receive(self) -> dict[str, Any]:
        size = 0
        while header := self._from_server.readline().strip():
            name, _, value = header.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        message: dict[str, Any] = json.loads(self._from_server.read(size))
        return message


def _setting(section: str) -> dict[str, str]:
    return {"pythonPath": sys.executable} if section == "python" else {}


@contextmanager
def editor(document: Path) -> Iterator[Editor]:
    """Open a recipe in an editor whose language server is pyright's."""
    command: Sequence[str] = [str(_SERVER), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            opened = Editor(document, server.stdin, server.stdout)
            yield opened
            opened.close()
        except BaseException:
            server.kill()
            raise
