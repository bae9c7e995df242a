"""Scripts as people write them, and as nobody would."""

from __future__ import annotations

from hypothesis import strategies as st

from vmdb2.generated.texts import templates

#: All that becomes a function of the library, where nothing else is beside it.
_IDIOMS = [
    *("echo pc > /etc/hostname", "echo 'pc'>/etc/hostname", 'echo "pc-{{ n }}" >/etc/hostname;'),
    *("echo {{ a }} > /etc/hostname", "echo {{ a }}{{ n }} > /etc/hostname"),
    *("passwd -d root", "passwd --delete root", "  passwd  -d  root ; "),
    "sed -i '/^root:[^:]*:/s//root::/' /etc/passwd",
    *("sed -i 's/^root:x:/root::/' /etc/passwd", 'sed -i -e "s/^root:\\*:/root::/" /etc/shadow'),
    *("rm /etc/resolv.conf", "rm -f /etc/resolv.conf", "rm -f /etc/resolv.conf;"),
    *(
        "> /etc/machine-id",
        ": > /etc/machine-id",
        "echo -n > /etc/machine-id",
        ": >/etc/machine-id",
    ),
    *("truncate -s 0 /etc/machine-id", "truncate --size=0 /etc/machine-id"),
    "rm -f /etc/machine-id /var/lib/dbus/machine-id\n: > /etc/machine-id",
    "rm -f /etc/machine-id\necho uninitialized > /etc/machine-id",
    "rm -f /etc/machine-id\necho 'uninitialized' > /etc/machine-id",
    *(
        "systemctl enable ssh",
        "systemctl enable ssh.service getty@ttyS0",
        "systemctl enable a\\\\x2db",
    ),
    "install --directory --mode=0755 --owner=0 --group=0 /srv/z",
    "install --directory --mode=2750 --owner=man --group=6 '/srv/z y'",
]
#: What looks like these.
_OTHERS = [
    *("touch /x", "set -x", "if true; then\n  passwd -d root\nfi", "true \\", "echo \\"),
    *("rm -f /etc/machine-id", "echo uninitialized > /etc/machine-id", "rm -rf /etc/resolv.conf"),
    *("echo nameserver 9.9.9.9 > /etc/resolv.conf", "ln -sf ../run/x /etc/resolv.conf"),
    *("apt-get -y install systemd-resolved", "# resolv.conf", "cat <<E >/x\nrm -f /etc/x\nE"),
    *("# don't", "#", "", "# swap on nothing", "# what vmdsl does", "# GRUB for UEFI on"),
    *("echo '# no comment'", "echo ${#x}", "awk '{{print $1}}'", "echo {% x"),
]
_ON_HOST = [
    *(
        'rm -f "$ROOT/etc/resolv.conf"',
        "echo pc > ${ROOT?}/etc/hostname",
        "rm $ROOT/etc/resolv.conf",
    ),
    *('sed -i "s/^root:x:/root::/" "${ROOT}"/etc/passwd', ": > $ROOT/etc/machine-id"),
    *("rm -f $ROOT/etc/machine-id\n: > $ROOT/etc/machine-id", "chroot $ROOT passwd -d root"),
    *("cp file $ROOT/x", "cp /etc/resolv.conf $ROOT/etc/resolv.conf", "rm -f /etc/resolv.conf"),
    *("echo $IMAGE", "export IMAGE", "IMAGE=x", "image_file=y", "echo $((1<<x))", "echo 'IMAGE'"),
]
#: These name the image.
_WRITING = [
    *("dd if=file of={{ output }} conv=notrunc", 'dd of="{{ output }}"', "dd of='{{ image }}'"),
    *("echo 'label: gpt' | sfdisk {{ output }}", "cat <<E | sh\ndd of={{ output }}p1\nE"),
    *(
        "cat <<-E | sh\n\tdd of='{{ output }}'\n\tE",
        "# to {{ output }}s",
        "sh -c 'dd of={{ output }}'",
    ),
    *(
        'IMAGE={{ output }}\ndd of="$IMAGE"',
        'export IMAGE="{{ output }}"',
        'X="$(stat {{ output }})"',
    ),
    *("cat <<'E' >x\nit's\nE\nls {{ output }}", "echo a{{ output }}b", 'ls \\"{{ output }}\\"'),
    *(
        "echo it\\'s {{ output }}",
        "true;# {{ output }} isn't",
        "ls '{{ a }}' {{ output }} {{ class }}",
    ),
    *("ls $IMAGE {{ output }}", 'ls "${IMAGE}" "{{ output }}"', "echo {{ '{' }}{{ output }}}"),
]
_TEMPLATES = _OTHERS[-3:]


def _raw(line: str) -> str:
    return "{% raw %}" + line + "{% endraw %}" if line in _TEMPLATES else line


def _of(*lines: str, more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Some lines, and what ends them."""
    line = st.one_of(st.sampled_from([_raw(one) for one in lines]), more)
    some = st.lists(line, min_size=1, max_size=4)
    return st.builds(
        lambda lines, start, end: start + "\n".join(lines) + end,
        some,
        st.sampled_from(["", "", "\n", "  ", "# first\n"]),
        st.sampled_from(["", "\n", "\n", "\n\n"]),
    ).filter(lambda text: bool(text.strip()))


def inside() -> st.SearchStrategy[str]:
    """Scripts that run in the system; often all of it is what the library does, too."""
    odd = templates().map(lambda text: f"true {text}")
    alone = st.sampled_from(_IDIOMS)
    return st.one_of(_of(*_IDIOMS, more=alone), _of(*_IDIOMS, *_OTHERS, more=odd), alone, odd)


def outside() -> st.SearchStrategy[str]:
    """Scripts that run on this machine, and may write to the image."""
    odd = templates(image=True).map(lambda text: f"true {text}")
    computed = templates().map(lambda text: f"true {text}")
    plain = st.sampled_from(_ON_HOST)
    return st.one_of(
        plain,
        odd,
        computed,
        _of(*_ON_HOST, more=plain),
        _of(*_WRITING, more=plain),
        _of(*_WRITING, *_ON_HOST, *_OTHERS, more=odd),
    )
