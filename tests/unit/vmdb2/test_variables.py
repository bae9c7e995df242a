"""Variables and templates of a specification, the image's name in scripts, and local files."""

from __future__ import annotations

from pathlib import Path

import pytest

from translations import ABOVE, NOWHERE, added, outcome, shown, translated
from vmdsl.machines import Arch
from vmdsl.vmdb2.to_python.moved import moved

DISK, SYSTEM = ABOVE["disk"], ABOVE["system"]


def shell(script: str, **variables: str) -> list[str]:
    """What a script of this machine becomes."""
    lines = "".join(f"    {line}\n" for line in script.splitlines())
    return added(SYSTEM, f"- root-fs: a\n  shell: |\n{lines}", **variables)


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("dd of={{ output }} seek=1", 'dd of="$IMAGE" seek=1'),
        ("dd of={{ image }} seek=1", 'dd of="$IMAGE" seek=1'),
        ('dd of="{{ output }}" seek=1', 'dd of="${IMAGE}" seek=1'),
        ("dd of='{{ output }}' seek=1", "dd of=''\"$IMAGE\"'' seek=1"),
        ('dd of="$X/{{ output }}"', 'dd of="$X/${IMAGE}"'),
        ("dd of={{ output }}\ndd of='{{ output }}'", "dd of=\"$IMAGE\"\ndd of=''\"$IMAGE\"''"),
        ("# don't\ndd of={{ output }}", '# don\'t\ndd of="$IMAGE"'),
        ("# {{ output }} isn't\ndd of={{ output }}", '# $IMAGE isn\'t\ndd of="$IMAGE"'),
        ("echo a#'b\ndd of={{ output }}'", "echo a#'b\ndd of='\"$IMAGE\"''"),
        ("echo it\\'s\ndd of={{ output }}", 'echo it\\\'s\ndd of="$IMAGE"'),
        ('echo "it\'s"\ndd of={{ output }}', 'echo "it\'s"\ndd of="$IMAGE"'),
        ('echo "a\\"b {{ output }}"', 'echo "a\\"b ${IMAGE}"'),
        ("echo '\\'\ndd of={{ output }}", "echo '\\'\ndd of=\"$IMAGE\""),
        ("true;# don't\ndd of={{ output }}", 'true;# don\'t\ndd of="$IMAGE"'),
        ("cat <<E\ndon't\nE\ndd of={{ output }}", 'cat <<E\ndon\'t\nE\ndd of="$IMAGE"'),
        ("cat <<-'E' | dd of={{ output }}\nx\nE", "cat <<-'E' | dd of=\"$IMAGE\"\nx\nE"),
        ("cat <<E\n{{ output }}p1\nE", "cat <<E\n${IMAGE}p1\nE"),
        ('export IMAGE="{{ output }}"\nwrite', "write"),
        ('export IMAGE="{{ output }}"\nIMAGE=x write', "IMAGE=x write"),
        ('export IMAGE="{{ output }}1"\nwrite', 'export IMAGE="${IMAGE}1"\nwrite'),
        ("IMAGE=x\ndd of={{ output }}", 'image_file="$IMAGE"\nIMAGE=x\ndd of="$image_file"'),
    ],
)
def test_a_script_names_the_image_in_all_quotes(script: str, written: str) -> None:
    assert shell(script) == [f"boot_code = host_shell(system(), {written!r}, image=disk())"]


def test_an_image_of_a_fixed_name_is_known_in_scripts() -> None:
    fixed = SYSTEM.replace("{{ output }}", "disk.img")
    found = added(fixed, "- {shell: 'dd of=disk.img; ls my-disk.img disk.img.xz', root-fs: a}")
    wanted = "'dd of=\"$IMAGE\"; ls my-disk.img disk.img.xz'"
    assert found == [f"boot_code = host_shell(system(), {wanted}, image=disk())"]


def test_a_here_document_that_is_taken_as_it_is_cannot_have_the_image() -> None:
    found = shell("cat <<'E'\n{{ output }}\nE")
    assert any(line.startswith("! steps[6].shell: the image's name stands in") for line in found)


def test_a_script_with_the_image_and_a_variable() -> None:
    (found,) = shell("dd if={{ file }} of={{ output }}", file="u-boot.bin")
    wanted = """'dd if={file()} of="$IMAGE"'"""
    assert found == f"boot_code = host_shell(system(), {wanted}, image=disk())"


def test_a_script_with_the_image_is_no_idiom() -> None:
    assert "image=disk()" in shell("# {{ output }}\nrm -f $ROOT/etc/resolv.conf")[0]


def test_the_image_in_a_condition_is_refused() -> None:
    found = shell("{% if output %}dd of={{ output }}{% endif %}")
    assert "! steps[6].shell: a template that puts the image's name into a script" in found


def test_variables_become_options() -> None:
    steps = """
- {mkpart: "{{ name }}", device: "{{ output }}", start: "{{ gap }}", end: "100%", tag: a}
- {mkfs: ext4, partition: a, label: "{{ name }}"}
- {mount: a}
- {debootstrap: "{{ suite }}", mirror: "http://{{ host }}/debian", target: a}
- {create-file: "/etc/{{ name }}", contents: "{{ name }} {{ host }}"}
"""
    made = translated(DISK + steps, name="x", gap="1MiB", suite="sid", host="h", unused="u")
    assert made.problems == made.warnings == ()
    assert [shown(step) for step in made.draft.steps[2:]] == [
        (
            "a = mount(mkext4(mkpart(table(), start=position('{gap()}'),"
            " label='{name()}'), label='{name()}'))"
        ),
        ("system = debootstrap(a(), suite='{suite()}', mirror='http://{host()}/debian')"),
        "x = create_file(system(), '/etc/{name()}', '{name()} {host()}')",
    ]
    defaults = {option.name: option.default for option in made.draft.options}
    assert defaults == {"gap": "1MiB", "name": "x", "suite": "sid", "host": "h"}


def test_the_size_of_the_image_may_be_a_variable() -> None:
    assert outcome('- {mkimg: "{{ output }}", size: "{{ size }}G"}', size="4") == [
        "disk = mkimg(Size.parse('{size()}G'))"
    ]


def test_an_end_that_is_a_variable_stays_one() -> None:
    steps = '- {mkpart: p, device: "{{ output }}", start: 0%, end: "{{ end }}", tag: a}\n'
    steps += "- {mkfs: ext4, partition: a}\n"
    assert added(DISK, steps, end="100%") == [
        "a = mkext4(mkpart(table(), end=position('{end()}'), label='p'))"
    ]


def test_a_place_that_parted_rounds_is_no_option() -> None:
    steps = '- {mkpart: p, device: "{{ output }}", start: "{{ gap }}M", end: 100%, tag: a}\n'
    steps += "- {mkfs: ext4, partition: a}\n"
    assert added(DISK, steps, gap="100") == [
        "a = mkext4(mkpart(table(), start=<95 MiB>, label='p'))",
        "? steps[2].start: '100M' is 95 MiB for parted, which it is in a recipe, not an option",
    ]


def test_a_template_stays_one() -> None:
    steps = '- {chroot: a, shell: "true {{ name|upper }}"}'
    assert added(SYSTEM, steps, name="x") == [
        "customize = chroot(system(), template 'true {{ name|upper }}')"
    ]


def test_the_image_in_a_file_is_its_name() -> None:
    steps = '- {create-file: /etc/image, contents: "{{ output }}"}'
    assert added(SYSTEM, steps) == ["image = create_file(system(), '/etc/image', 'pc.img')"]


def test_variables_with_names_of_steps() -> None:
    steps = '- {create-file: /etc/a, contents: "{{ a }} {{ system }}"}'
    (found,) = added(SYSTEM, steps, a="1", system="2")
    assert found == "a_3 = create_file(system(), '/etc/a', '{a_2()} {system_2()}')"


@pytest.mark.parametrize("given", [{}, {"rootfs_tarball": "sys.tar"}])
def test_the_tarball_is_an_option(given: dict[str, str]) -> None:
    made = translated(f"{SYSTEM}- {{cache-rootfs: a}}", directory=NOWHERE, **given)
    (option,) = made.draft.options
    assert option.name == "rootfs_tarball"
    assert option.default == (Path("sys.tar") if given else None)


def test_a_tarball_that_is_there_is_the_system() -> None:
    steps = f"{ABOVE['root']}- {{unpack-rootfs: a}}\n- {{fstab: a}}"
    assert outcome(steps, rootfs_tarball="sys.tar")[3:] == [
        "system = system_from(a(), rootfs_tarball(), suite='stable')",
        "mounts = fstab(system())",
        "resolver = remove_resolver(system(), links=False)",
    ]


@pytest.mark.parametrize(
    ("arch", "package"),
    [
        ("i386", "grub-efi-ia32"),
        ("arm64", "grub-efi-arm64"),
        ("armhf", "grub-efi-arm"),
        ("riscv64", "grub-efi-riscv64"),
    ],
)
def test_uefi_by_architecture(arch: str, package: str) -> None:
    above = ABOVE["efi"].replace("target: a", f"target: a, arch: {arch}")
    lines = outcome(f"{above}- {{grub: uefi, tag: a, efi: e}}")
    assert f"arch=Arch.{Arch(arch).name}" in lines[-2]
    assert lines[-1].startswith(f"boot_loader = apt(system(), '{package}'); grub_uefi(")


def test_an_image_that_exists_needs_no_mkimg(tmp_path: Path) -> None:
    (tmp_path / "pc.img").write_bytes(bytes(2**20))
    steps = '- {mklabel: gpt, device: "{{ output }}"}'
    assert outcome(steps, directory=tmp_path) == ["disk = mkimg(<1 MiB>)", "table = mkgpt(disk())"]


def test_an_image_that_is_empty_needs_it(tmp_path: Path) -> None:
    (tmp_path / "pc.img").touch()
    steps = '- {mklabel: gpt, device: "{{ output }}"}'
    assert "! steps[0].device: no step makes the image" in outcome(steps, directory=tmp_path)


def test_symlinks_of_a_directory_are_told(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    steps = f"{SYSTEM}- {{copy-dir: /srv, src: web}}"
    assert len(outcome(steps, directory=tmp_path)) == len(outcome(SYSTEM)) + 1
    (tmp_path / "web/link").symlink_to("x")
    (warning,) = translated(steps, directory=tmp_path).warnings
    assert "vmdb2 copies the files that they lead to" in warning.what


LOCAL = """
- {debootstrap: sid, mirror: m, target: a, keyring: keys/k.gpg, tls_ca_certs: [c.crt, /etc/d.crt]}
- {copy-file: /etc/x, src: files/x}
- {copy-file: /etc/y, src: /srv/y}
- {copy-file: /etc/z, src: "{{ place }}/z"}
- {copy-dir: /srv, src: files}
- {ansible: a, playbook: p.yml, config_file: ansible.cfg}
- {shell: "cp -r files $ROOT/srv", root-fs: a}
- {chroot: a, shell: "true a"}
- {cache-rootfs: a}
"""


def test_local_files_of_a_recipe_elsewhere() -> None:
    given = {"place": "files", "rootfs_tarball": "sys.tar"}
    draft = translated(ABOVE["root"] + LOCAL, directory=NOWHERE, **given).draft
    start = Path("/home/ann/images")
    assert moved(draft, start=start, to=start) is draft
    there = moved(draft, start=start, to=start / "recipes")
    assert [shown(step) for step in there.steps[3:]] == [
        (
            "system = debootstrap(a(), suite='sid', mirror='m', "
            "keyring='../keys/k.gpg', install_keyring=False, "
            "tls_ca_certs=['../c.crt', '/etc/d.crt'])"
        ),
        "x = copy_file(system(), '../files/x', '/etc/x', mode=0o644)",
        "y = copy_file(system(), '/srv/y', '/etc/y', mode=0o644)",
        "z = copy_file(system(), '../{place()}/z', '/etc/z', mode=0o644)",
        "srv = copy_tree(system(), '../files', '/srv')",
        "playbook = ansible(system(), '../p.yml', config='../ansible.cfg')",
        "copy_srv = host_shell(system(), 'cd ..\\ncp -r files $ROOT/srv')",
        "customize = chroot(system(), 'true a')",
        "tarball = cache_rootfs(system(), rootfs_tarball())",
    ]
    assert {o.name: o.default for o in there.options} == {
        "place": "files",
        "rootfs_tarball": Path("../sys.tar"),
    }


def test_a_template_for_a_file_and_a_script_elsewhere() -> None:
    steps = '- {copy-file: /x, src: "{{ p|lower }}/x"}\n- {shell: "cp {{ p|lower }} /", root-fs: a}'
    draft = translated(SYSTEM + steps, p="A").draft
    there = moved(draft, start=Path("/a/b"), to=Path("/a/c d"))
    assert [shown(step) for step in there.steps[-2:]] == [
        "x = copy_file(system(), template '../b/{{ p|lower }}/x', '/x', mode=0o644)",
        "copy_root = host_shell(system(), template 'cd ../b\\ncp {{ p|lower }} /')",
    ]


def test_a_key_of_luks_elsewhere() -> None:
    draft = translated(f"{ABOVE['part']}- {{cryptsetup: a, name: c, key-file: key}}").draft
    there = moved(draft, start=Path("/a"), to=Path("/b"))
    assert shown(there.steps[-1]) == "c = mkluks(a(), Secret.from_file('../a/key'))"


def test_a_mode_in_decimal_of_a_file_whose_name_is_a_variable() -> None:
    steps = '- {create-file: "/srv/{{ n }}", contents: x, perm: 644}'
    (found,) = added(SYSTEM, steps, n="x")
    assert found.endswith("'x'); chroot(system(), 'chmod 1204 /srv/{n()}')")
    (found,) = added(SYSTEM, steps, n="x y")
    assert found.endswith("'x'); chroot(system(), \"chmod 1204 '/srv/x y'\")")
