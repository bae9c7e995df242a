"""Scripts that are one of the common idioms become functions of the library, and no others do."""

from __future__ import annotations

from pathlib import Path

import pytest

from translations import ABOVE, added, translated
from vmdsl.vmdb2.load import load_specification

SYSTEM = ABOVE["system"]
HOST_NAME = "host_name = set_hostname(system(), 'pc', hosts=False)"
ROOT = "root_console = open_root_console(system())"
RESOLVER = "resolver = remove_resolver(system())"
UPGRADE = "upgrade = apt_upgrade(system())"
#: Which vmdb2 does by itself.
AT_THE_END = "resolver = remove_resolver(system(), links=False)"
MACHINE = "machine_id = forget_machine_id(system())"


def become(kind: str, script: str, **variables: str) -> list[str]:
    """The steps that a script becomes; `kind` is chroot or shell."""
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    step = "chroot: a" if kind == "chroot" else "root-fs: a"
    return added(SYSTEM, f"- {step}\n  shell: |\n{lines}", **variables)


SOURCES = r"sources_list = create_file(system(), '/etc/apt/sources.list', 'deb x y z\ndeb u v w\n')"
BOTH = f"host_name_and_root_console = {HOST_NAME.partition(' = ')[2]}; {ROOT.partition(' = ')[2]}"


@pytest.mark.parametrize(
    ("script", "steps"),
    [
        ("echo pc > /etc/hostname", HOST_NAME),
        ("echo 'pc'>/etc/hostname", HOST_NAME),
        ('echo "pc" >/etc/hostname;', HOST_NAME),
        ("# its name\n\n  echo pc > /etc/hostname\n", HOST_NAME),
        ("passwd -d root", ROOT),
        ("passwd --delete root", ROOT),
        ("sed -i '/^root:[^:]*:/s//root::/' /etc/passwd", ROOT),
        ("sed -i 's/^root:x:/root::/' /etc/passwd", ROOT),
        ("sed -i 's,root:[^:]*:,root::,' /etc/shadow", ROOT),
        ('sed -i -e "s/^root:\\*:/root::/" /etc/shadow', ROOT),
        ("rm /etc/resolv.conf", RESOLVER),
        ("rm -f /etc/resolv.conf", RESOLVER),
        ("> /etc/machine-id", MACHINE),
        (": > /etc/machine-id", MACHINE),
        ("echo -n > /etc/machine-id", MACHINE),
        ("truncate -s 0 /etc/machine-id", MACHINE),
        ("truncate --size=0 /etc/machine-id", MACHINE),
        ("rm -f /etc/machine-id /var/lib/dbus/machine-id\n: > /etc/machine-id", MACHINE),
        (
            "rm -f /etc/machine-id\necho 'uninitialized' > /etc/machine-id",
            "machine_id = forget_machine_id(system(), first_boot=True)",
        ),
        ("systemctl daemon-reload\nsystemctl enable ssh", "units = enable_unit(system(), 'ssh')"),
        ("apt-get -y dist-upgrade", UPGRADE),
        ("apt-get update\napt full-upgrade -qq --yes", UPGRADE),
        ("apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -yq dist-upgrade", UPGRADE),
        ("systemctl enable ssh", "units = enable_unit(system(), 'ssh')"),
        (
            "systemctl enable ssh.service getty@ttyS1.service",
            "units = enable_unit(system(), 'ssh.service', 'getty@ttyS1.service')",
        ),
        (
            "install --directory --mode=0755 --owner=0 --group=0 /etc/x",
            "x = create_directory(system(), '/etc/x')",
        ),
        (
            "install --directory --mode=1777 --owner=man --group=6 '/x y'",
            "x_y = create_directory(system(), '/x y', mode=0o1777, uid='man', gid=6)",
        ),
        (
            "echo pc > /etc/hostname && passwd -d root",
            BOTH,
        ),
        ("printf 'pc\\n' > /etc/hostname", HOST_NAME),
        ("printf '%s\\n' pc >/etc/hostname", HOST_NAME),
        ("usermod -p '' root", ROOT),
        ("sed -i 's_root:\\*:_root::_g' /etc/shadow", ROOT),
        ("set -eux; passwd -d root", ROOT),
        ("systemctl mask a.timer b", "units = mask_unit(system(), 'a.timer', 'b')"),
        ("systemctl disable ssh", "units = disable_unit(system(), 'ssh')"),
        (
            "echo 'deb x y z' > /etc/apt/sources.list\necho \"deb u v w\" >> /etc/apt/sources.list",
            SOURCES,
        ),
        ("truncate -s0 /etc/machine-id; rm -f /var/lib/dbus/machine-id", MACHINE),
        ("echo -n '' > /etc/machine-id", MACHINE),
        ("rm /etc/machine-id && touch /etc/machine-id", MACHINE),
        (
            "echo pc > /etc/hostname\npasswd -d root",
            BOTH,
        ),
    ],
)
def test_what_is_one(script: str, steps: str) -> None:
    assert become("chroot", script) == [steps]


@pytest.mark.parametrize(
    "script",
    [
        "echo pc >> /etc/hostname",
        "echo -n pc > /etc/hostname",
        "echo pc > /etc/mailname",
        "echo pc.example.org > /etc/hostname",
        "echo -pc > /etc/hostname",
        "echo pc- > /etc/hostname",
        "echo pc home > /etc/hostname",
        "echo $NAME > /etc/hostname",
        "echo 'pc > /etc/hostname",
        f"echo {'x' * 64} > /etc/hostname",
        "passwd -d user",
        "passwd -l root",
        "sed -i 's/^user:x:/user::/' /etc/shadow",
        "sed -i 's/^root:x:/root:secret:/' /etc/shadow",
        "sed 's/^root:x:/root::/' /etc/passwd",
        "rm -rf /etc/resolv.conf",
        "rm -f /etc/resolv.conf /etc/hosts",
        "rm -f /etc/resolv.conf || true",
        "rm -f /etc/machine-id",
        "echo > /etc/machine-id",
        "rm -f /etc/machine-id\nsystemd-machine-id-setup",
        "truncate -s 1 /etc/machine-id",
        "systemctl enable --now ssh",
        "systemctl enable ssh && true",
        "systemctl mask --now ssh",
        "echo 'deb x' >> /etc/apt/sources.list",
        'echo "deb $x" > /etc/apt/sources.list',
        "echo 'a' > /etc/apt/trusted.gpg.d/x",
        "systemctl --user enable ssh",
        "set -x\npasswd -d root\ntouch /x",
        "passwd -d root && touch /x",
        "passwd -d root || true",
        "passwd -d root \\\n&& touch /x",
        "systemctl enable ssh\\\ntouch /x",
        "set -e",
        "systemctl daemon-reload",
        "rm -f /var/lib/dbus/machine-id",
        "if true; then\npasswd -d root\nfi",
        "install --directory --mode=1204 --owner=0 --group=0 /x",
        "install --directory --mode=0755 --owner=0 --group=0 /x /y",
        "sed -i 's/^root:x:/root::/' /etc/shadow",
        "sed -i 's/root:\\*:/root::/' /etc/passwd",
    ],
)
def test_what_is_none(script: str) -> None:
    (found, *rest) = become("chroot", script)
    assert found.partition(" = ")[2] == f"chroot(system(), {script!r})"
    assert rest in ([], [AT_THE_END])


@pytest.mark.parametrize(
    ("script", "steps"),
    [
        ('echo pc > "$ROOT/etc/hostname"', HOST_NAME),
        ("echo pc > ${ROOT}/etc/hostname", HOST_NAME),
        ('echo pc > "${ROOT?}/etc/hostname"', HOST_NAME),
        ('echo pc > "$ROOT"/etc/hostname', HOST_NAME),
        ('rm -f "${ROOT?}/etc/resolv.conf"', RESOLVER),
        ("sed -i 's/^root:x:/root::/' $ROOT/etc/passwd", ROOT),
        (": > $ROOT/etc/machine-id", MACHINE),
        ("rm -f $ROOT/etc/machine-id\n: > $ROOT/etc/machine-id", MACHINE),
    ],
)
def test_on_this_machine_it_names_the_tree(script: str, steps: str) -> None:
    assert become("shell", script) == [steps]


@pytest.mark.parametrize(
    "script",
    [
        "echo pc > /etc/hostname",
        "passwd -d root",
        "rm -f $ROOT/etc/machine-id\n: > /etc/machine-id",
        'systemctl --root="$ROOT" enable ssh',
        "echo pc > $TARGET/etc/hostname",
    ],
)
def test_this_machine_itself_is_another_matter(script: str) -> None:
    (found,) = become("shell", script)
    assert found.partition(" = ")[2] == f"host_shell(system(), {script!r})"


@pytest.mark.parametrize("kind", ["chroot", "shell"])
def test_what_follows_idioms_stays_a_script(kind: str) -> None:
    root = "$ROOT" if kind == "shell" else ""
    script = f"""\
# its name
echo pc > {root}/etc/hostname

# and the rest
if test -e {root}/x; then
    cat <<EOT >{root}/y
  two
EOT
fi
: > {root}/etc/machine-id
"""
    rest = script.partition("\n\n")[2].rstrip("\n")
    function = "host_shell" if kind == "shell" else "chroot"
    assert become(kind, script) == [HOST_NAME, f"write_y = {function}(system(), {rest!r})"]


def test_an_option_that_every_script_has_is_left_out() -> None:
    found = become("chroot", "set -e\npasswd -d root\ntouch /x")
    assert found == [ROOT, "make_x = chroot(system(), 'touch /x')"]


def test_variables_of_what_follows_stay() -> None:
    found = become("chroot", "echo {{ m }}1 > /etc/hostname\n\n echo {{ n }} {{ m }}", m="x", n="y")
    assert found == [
        "host_name = set_hostname(system(), '{m()}1', hosts=False)",
        "customize = chroot(system(), ' echo {n()} {m()}')",
    ]


def test_a_step_is_commented_once() -> None:
    steps = (
        "# of the step\n- chroot: a\n  shell: |\n    # of it\n    passwd -d root\n    # b\n    x\n"
    )
    made = translated(SYSTEM + steps).draft.steps[-2:]
    assert [step.comments for step in made] == [("of the step", "of it"), ()]


def test_a_hostname_may_be_a_variable() -> None:
    (found,) = become("chroot", "echo {{ name }} > /etc/hostname", name="pc")
    assert found == "host_name = set_hostname(system(), '{name()}', hosts=False)"
    (found,) = become("chroot", "echo pc-{{ n }}x > /etc/hostname", n="1")
    assert found == "host_name = set_hostname(system(), 'pc-{n()}x', hosts=False)"


def test_a_variable_that_makes_no_hostname_stays_in_the_script() -> None:
    (found,) = become("chroot", "echo {{ name }} > /etc/hostname", name="my pc")
    assert found == "write_hostname = chroot(system(), 'echo {name()} > /etc/hostname')"


def test_a_variable_elsewhere_is_not_lost() -> None:
    (found,) = become("chroot", "# {{ name }}\npasswd -d root", name="pc")
    assert found == "password_of_root = chroot(system(), '# {name()}\\npasswd -d root')"


def test_what_the_library_does_stands_between_scripts() -> None:
    script = """\
touch /a

# nobody knows it
sed -i 's,root:[^:]*:,root::,' /etc/shadow
passwd -d root
touch /b
systemctl mask ssh
"""
    found = become("chroot", script)
    assert found == [
        "make_a = chroot(system(), 'touch /a')",
        ROOT,
        "make_b = chroot(system(), 'touch /b')",
        "units = mask_unit(system(), 'ssh')",
    ]


@pytest.mark.parametrize(
    "script",
    [
        "cd /srv\npasswd -d root",
        "A=1\npasswd -d root\necho $A",
        "if true; then\npasswd -d root\nfi",
        "cat <<EOF\nx\nEOF\npasswd -d root",
        "set -x\ntouch /x\npasswd -d root",
        "touch /x || exit 1; true\npasswd -d root",
        "echo 'a\npasswd -d root\n'",
        "sleep 1 &\npasswd -d root",
    ],
)
def test_a_script_whose_lines_depend_on_each_other_is_one(script: str) -> None:
    (found,) = become("chroot", script)
    assert found.partition(" = ")[2] == f"chroot(system(), {script!r})"


APT = "- apt: install\n  packages: [curl]\n  tag: a\n"
CURL = "packages = apt(system(), 'curl')"


def before_apt(script: str, *, apt: str = APT) -> list[str]:
    """The steps that a script becomes, and those below it."""
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    return added(SYSTEM, f"- chroot: a\n  shell: |\n{lines}{apt}")


@pytest.mark.parametrize(
    ("script", "steps"),
    [
        ("apt-get update", []),
        ("# the index\napt -y update", []),
        ("touch /x\napt-get update", ["make_x = chroot(system(), 'touch /x')"]),
        (
            "echo 'deb x y z' > /etc/apt/sources.list\napt-get -q update",
            [SOURCES.replace(r"deb u v w\n", "")],
        ),
    ],
)
def test_apt_has_its_own_index(script: str, steps: list[str]) -> None:
    assert before_apt(script) == [*steps, CURL]


@pytest.mark.parametrize(
    "script",
    [
        "apt-get update\ntouch /x",
        "apt-get update && touch /x",
        "apt-get update || true",
        "apt-get dist-upgrade",
        "apt-get -y upgrade",
        "apt-get -y -t sid dist-upgrade",
        "apt-get update\napt-get -y dist-upgrade x",
        "apt-get -o Dir::Etc=/x update",
        "test -e /x && touch /y\napt-get update",
        "if true; then\ntouch /x; fi\napt-get update",
        "cat <<EOT >/x\napt-get update",
        "touch \\\napt-get update",
    ],
)
def test_an_update_that_may_have_an_effect_stays(script: str) -> None:
    found = before_apt(script)
    assert [one.partition(" = ")[2] for one in found[:1]] == [f"chroot(system(), {script!r})"]


@pytest.mark.parametrize(
    "apt",
    [
        "",
        "- chroot: a\n  shell: apt-get -y install curl\n",
        f"- chroot: a\n  shell: touch /x\n{APT}",
        APT.replace("curl", "./curl.deb"),
        f"{APT}  unless: rootfs_unpacked\n",
    ],
)
def test_an_update_stays_if_nothing_certain_follows(apt: str) -> None:
    assert before_apt("apt-get update", apt=apt)[0].endswith("chroot(system(), 'apt-get update')")


def test_an_update_and_the_packages_may_have_the_same_condition() -> None:
    unless = "  unless: rootfs_unpacked\n"
    steps = f"- chroot: a\n  shell: apt-get update\n{unless}{APT}{unless}"
    found = added(ABOVE["unpacked"], steps)
    assert found == ["packages = apt(system(), 'curl', unless=unpacked())"]


def test_comments_of_an_update_stay() -> None:
    steps = f"# of the step\n- chroot: a\n  shell: |\n    # of it\n    apt-get update\n{APT}"
    (made,) = translated(SYSTEM + steps).draft.steps[-1:]
    assert made.comments == ("of the step", "of it")


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ('echo "root:toor" | chpasswd', 1),
        ("useradd -m ann\necho 'ann:x y'|/usr/sbin/chpasswd;\ntouch /x", 1),
        ("printf 'root:toor\\n' | chpasswd", 1),
        ("echo root:{{ word }} | chpasswd", 1),
        ("echo 'root:$y$j9T$x' | chpasswd -e", 0),
        ("# echo root:toor | chpasswd", 0),
        ('echo "root:$(cat /x)" | chpasswd', 0),
        ("chpasswd < /x", 0),
    ],
)
def test_a_password_in_a_script_stays_with_a_word_of_secrets(script: str, count: int) -> None:
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    found = translated(f"{SYSTEM}# of it\n- chroot: a\n  shell: |\n{lines}", word="toor")
    (step,) = found.draft.steps[-1:]
    (call,) = step.calls
    assert call.function == "chroot"
    said = "set_password() with a Secret would keep the password out of this script."
    assert step.comments == (*[said] * count, "of it")


@pytest.mark.parametrize(
    "script",
    [
        "apt-get clean",
        "apt -y autoclean",
        "# small\napt-get clean && rm -rf /var/lib/apt/lists/*",
        "apt-get -qq clean\nrm -f /var/cache/apt/archives/*.deb",
    ],
)
def test_what_no_image_has_is_not_removed(script: str) -> None:
    assert become("chroot", script) == []


@pytest.mark.parametrize("script", ["rm -rf /var/lib/apt/lists", "apt-get clean\ntouch /x"])
def test_other_removals_stay(script: str) -> None:
    assert len(become("chroot", script)) == 1


INSTALLED = """\
steps:
- {mkimg: "{{ output }}", size: 4G}
- {mklabel: gpt, device: "{{ output }}"}
- {mkpart: one, device: "{{ output }}", start: 0%, end: 100%, tag: a}
- {mkfs: ext4, partition: a}
- {mount: a}
- {debootstrap: trixie, target: a, mirror: "http://mirror.example/debian"}
"""
FILE = "install -m 600 -o root -g root files/app.conf"


@pytest.mark.parametrize(
    ("scripts", "calls"),
    [
        ([f'{FILE} "${{ROOT?}}/etc/app.conf"'], ["/etc/app.conf"]),
        ([f"{FILE} $ROOT/etc/app/"], ["/etc/app/app.conf"]),
        ([f'# its settings\n{FILE} "$ROOT/etc/app.conf"\necho more'], ["/etc/app.conf", "shell"]),
        ([f'{FILE} "$ROOT/srv/a/app.conf"; {FILE} $ROOT/b/'], ["/srv/a/app.conf", "/b/app.conf"]),
        # A place that may be a directory, a file that a script may make, and other commands.
        ([f'{FILE} "$ROOT/etc/app"'], ["shell"]),
        (["make", f'{FILE} "$ROOT/etc/app.conf"'], ["shell", "shell"]),
        ([f'make\n{FILE} "$ROOT/etc/app.conf"'], ["shell"]),
        ([f"{FILE} /etc/app.conf"], ["shell"]),
        ([f'{FILE.replace("app", "none")} "$ROOT/etc/none.conf"'], ["shell"]),
        ([f'{FILE.replace("root", "me")} "$ROOT/etc/app.conf"'], ["shell"]),
        ([f'{FILE.replace("app", "*")} "$ROOT/etc/"'], ["shell"]),
        ([f'{FILE.replace("-m", "-D -m")} "$ROOT/etc/app.conf"'], ["shell"]),
    ],
)
def test_a_local_file_that_a_script_installs(
    scripts: list[str], calls: list[str], tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/app.conf").write_text("x", "utf-8")
    text = INSTALLED
    for script in scripts:
        lines = "".join(f"    {line}\n" for line in script.splitlines())
        text += f"- root-fs: a\n  shell: |\n{lines}"
    variables = {"output": "pc.img"}
    file = tmp_path / "pc.vmdb"
    loaded = load_specification(text, file, directory=tmp_path, variables=variables)
    made = [c for c in loaded.draft.calls() if c.function in {"copy_file", "host_shell"}]
    assert [str(c.arguments[2]) if c.function == "copy_file" else "shell" for c in made] == calls
    for call in made:
        if call.function == "copy_file":
            assert call.arguments[1] == "files/app.conf"
            assert call.named == {"mode": 0o600}
