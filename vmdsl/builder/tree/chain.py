"""The layers of one build, one upon the other: taken from the store, or made and kept in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl.builder.cache.archives import State
from vmdsl.builder.cache.checksums import stamp
from vmdsl.builder.cache.store import Layer, Store, base_of, boot_id, key_of
from vmdsl.builder.tree.layers import Layers, Stopped, seal
from vmdsl.builder.tree.owners import check_homes
from vmdsl.builder.tree.stand_ins import StandIns
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Fact


class Chain:
    """Knows which layer is next, by the key of the last one and what the next comes from.

    `start` is the key of the empty tree, or None where no layer is taken from the cache or kept.
    `recipe` is only noted. `log` is the number of the open log.
    """

    def __init__(
        self,
        store: Store,
        layers: Layers,
        tree: BuildTree,
        stand_ins: StandIns,
        *,
        start: str | None,
        recipe: Path,
        workspace: Path,
        log: int,
    ) -> None:
        self._store = store
        self._layers = layers
        self._tree = tree
        self._stand_ins = stand_ins
        self._recipe = recipe
        self._workspace = workspace
        self._log = log
        #: The key of the tree as it is; None where it cannot be known what the tree comes from.
        self._key = start
        self._base: str | None = None
        self._seen: list[State] = []
        self._known: Layer | None = None
        self._used: list[Layer] = []
        tree.saw = self._saw

    @property
    def key(self) -> str:
        """The key of the tree as it is, or "" if it isn't known."""
        return self._key or ""

    @contextmanager
    def next(self, inputs: str | None) -> Iterator[Layer | None]:
        """Yield the next layer, or None if this build is to make it."""
        self._seen, self._known = [], None
        self._base = base_of(self._key, inputs) if self._key and inputs else None
        if self._base is None:
            yield None
        elif known := self._find(self._base):
            yield known
        else:
            with self._store.making(self._base, self._say_that_it_waits):
                yield self._find(self._base)  # somebody may have made it since

    def take(self, layer: Layer, operation: TreeOperation | None = None) -> None:
        """Put a layer of the store on top, with what its operation found out."""
        self._layers.add(self._store.place(layer))
        self._used.append(layer)
        self._key = layer.key
        if layer.epoch is not None:
            self._tree.set_epoch(layer.epoch)
        for name, truth in layer.facts.items():
            self._tree.decide(getattr(operation, name), truth)

    @contextmanager
    def making(self, operation: TreeOperation | None = None, before: str = "") -> Iterator[None]:
        """Let the tree be changed; what was changed is the next layer.

        `before` is the stamp of the operation's local files: its layer is not kept if others have
        changed them meanwhile, as its key is that of the old ones.
        """
        epoch = self._tree.known_epoch
        size = 0
        self._stand_ins.forget()
        with self._layers.writing() as part:
            yield  # ended by Stopped where the layer turns out to be there
            check_homes(part)
            size = seal(part, self._tree.epoch, self._tree.lent, self._layers.lower)
        if self._known:
            self.take(self._known, operation)
            return
        if operation and self._base and before != stamp(operation):
            os.write(self._log, b"its local files have changed meanwhile: it is not kept\n")
            self._base = None
        if self._base is None:
            self._key = None
            self._layers.add(part)
            return
        if self._stand_ins.were_asked:
            self._seen.append(self._tree.archives.answers)
        if self._seen or self._store.seen(self._base):
            self._store.note_seen(self._base, self._seen, self._workspace)
        new = self._tree.known_epoch
        layer = Layer(
            key=key_of(self._base, self._seen),
            summary=operation.summary() if operation else "clean the tree",
            step=operation.name if operation else "",
            recipe=str(self._recipe),
            size=size,
            epoch=new if new != epoch else None,
            facts=self._facts(operation) if operation else {},
            boot=boot_id(),
        )
        self.take(self._store.keep(layer, part), operation)

    def done(self) -> None:
        """Note which layers were used, now that the tree is complete."""
        self._store.used(self._used)

    def _find(self, base: str) -> Layer | None:
        archives = self._tree.archives
        seen = archives.today(self._store.seen(base))
        if not all(map(archives.is_current, seen)):
            return None
        return self._store.use(key_of(base, seen))

    def _say_that_it_waits(self) -> None:
        os.write(self._log, b"another build makes this layer: waiting for it\n")

    def _saw(self, seen: State) -> None:
        """Note what archive the operation at work sees; end it if that makes its layer known."""
        self._seen.append(seen)
        if self._base is None:
            return
        for more in ([], [self._tree.archives.answers]):  # it may ask later, or not
            everything = [*self._seen, *more]
            self._known = self._store.use(key_of(self._base, everything))
            if self._known:
                self._store.note_seen(self._base, everything, self._workspace)
                raise Stopped

    def _facts(self, operation: TreeOperation) -> dict[str, bool]:
        """Return the facts that an operation has decided, by the names of its fields."""
        found = {}
        for name, value in vars(operation).items():
            if isinstance(value, Fact) and name != "unless" and self._tree.is_decided(value):
                found[name] = self._tree.truth_of(value)
        return found
