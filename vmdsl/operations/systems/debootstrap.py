"""debootstrap: where a system comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from vmdsl.language.handles import Credentials, Mounted, RootFs
from vmdsl.language.operation import Fact, Origin, one_of, record, refuse
from vmdsl.language.secret import Secret
from vmdsl.machines import Arch
from vmdsl.operations.packages.apt import check_packages
from vmdsl.operations.packages.archives import check_uri
from vmdsl.operations.packages.sources import Source, check_components, checked, several
from vmdsl.operations.systems.mmdebstrap import (
    MAIN,
    Debootstrap,
    SourcesFormat,
    Variant,
    is_before_trixie,
)
from vmdsl.operations.systems.roots import check_place, check_proxy, suite_of
from vmdsl.values import Suite


def debootstrap(
    mounted: Mounted[Any],
    *,
    suite: Suite | str,
    arch: Arch = Arch.AMD64,
    mirror: str = "",
    keyring: str | Path = "",
    install_keyring: bool = True,
    check_valid_until: bool = True,
    components: Sequence[str] = ("main",),
    sources: Sequence[Source] = (),
    format: SourcesFormat | None = None,  # noqa: A002 (what it is about is clear)
    tls_ca_certs: Sequence[str | Path] = (),
    proxy: str = "",
    credentials: Secret | None = None,
    variant: Variant = "important",
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    unless: Fact | None = None,
) -> RootFs:
    """Install a minimal Debian into the root filesystem.

    `variant` says which of the archive's packages: `minbase` those of priority required, `buildd`
    these and build-essential, `important` those of priority important too (what debootstrap
    installs by default), `standard` those of priority standard as well. `include` adds packages,
    `exclude` leaves packages out that nothing else needs.

    `mirror` is a mirror's address; without one mmdebstrap's default mirrors are used, with their
    updates and security fixes. `keyring` is a file with the keys that the mirror is signed with,
    if those aren't Debian's; `install_keyring` and `check_valid_until` are those of a `Source`.
    `sources` are more archives, of which packages may come from the start.
    `format` is that of the mirror's entry in the system: `"deb822"` in
    `/etc/apt/sources.list.d/debian.sources`, as is usual from trixie on, or `"one-line"` in
    `/etc/apt/sources.list`, as before.

    `tls_ca_certs` are files `*.crt` with certificates of authorities that an https mirror takes;
    the system trusts them too. `proxy` is the address of a proxy for this operation and
    every `apt()` of the system, and is not part of the image; without one `http_proxy` of the
    environment is used. `credentials` are for a mirror that wants a user and a password: a secret
    like `USER:PASSWORD`, or lines of apt's auth.conf. This operation and every `apt()` of the
    system use them, and they get into no plan, cache or image. Local files are relative to the
    recipe's directory.
    """
    check_place(mounted)
    one_of("variant", variant, get_args(Variant))
    for name in ("components", "include", "exclude", "tls_ca_certs"):
        several(name, locals()[name])
    check_components(components)
    chosen = suite_of(suite)
    form = format or ("one-line" if is_before_trixie(chosen) else "deb822")
    one_of("format", form, get_args(SourcesFormat))
    certificates = tuple(Path(file) for file in tls_ca_certs)
    for number, file in enumerate(certificates):
        if file.suffix != ".crt":
            about = f"tls_ca_certs[{number}]"
            raise refuse(
                f"{file} is not a certificate",
                "its name must end with .crt",
                about=about,
                code="keyring",
            )
    check_proxy(proxy)
    if mirror:
        check_uri(mirror, outside=True)
    if credentials is not None and not mirror:
        raise refuse(
            "credentials without a mirror", "give mirror=, too", about="credentials", code="mirror"
        )
    login = Credentials(mirror=mirror, secret=credentials) if credentials is not None else None
    record(
        Debootstrap(
            root=mounted,
            suite=chosen,
            arch=arch,
            mirror=mirror,
            keyring=Path(keyring) if str(keyring) else None,
            install_keyring=install_keyring,
            check_valid_until=check_valid_until,
            components=tuple(components),
            sources=_more_sources(sources),
            format=form,
            tls_ca_certs=certificates,
            proxy=proxy,
            credentials=login,
            variant=variant,
            include=check_packages(include, "include"),
            exclude=check_packages(exclude, "exclude"),
            unless=unless,
        )
    )
    return RootFs(mounted=mounted, suite=chosen, arch=arch, proxy=proxy, credentials=login)


def debians_archive(suite: Suite, arch: Arch, origin: Origin) -> Debootstrap:
    """Return an operation that knows the archive that mmdebstrap takes by default."""
    return Debootstrap(
        _origin=origin,
        root=None,
        suite=suite,
        arch=arch,
        mirror="",
        keyring=None,
        install_keyring=False,
        check_valid_until=True,
        components=("main",),
        sources=(),
        format="deb822",
        tls_ca_certs=(),
        proxy="",
        credentials=None,
        variant="minbase",
        include=(),
        exclude=(),
    )


def _more_sources(sources: Sequence[Source]) -> tuple[Source, ...]:
    names = [MAIN]
    for source in sources:
        checked(source)
        for uri in source.uris:
            check_uri(uri, outside=True)
        if source.name in names:
            raise refuse(
                f"there are two sources {source.name}", "give each another name", code="source"
            )
        names.append(source.name)
    return tuple(sources)
