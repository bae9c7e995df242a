from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.language.operation import Recorder, Refused
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.guard import guarded
from vmdsl.plan.load import load
from vmdsl.plan.sources import CHANCE, MACHINE, source_of_path

Write = Callable[[str], Path]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(recipe=tmp_path / "r.py", value_of=id, result_of=id, step="a")


DEEDS = [
    "Path('x').write_text('x')",
    "open('x', 'a')",
    "os.open('x', os.O_RDWR)",
    "Path('here').unlink()",
    "Path('here').rename('there')",
    "Path('here').chmod(0)",
    "Path('d').mkdir()",
    "Path('empty').rmdir()",
    "Path('l').symlink_to('here')",
    "os.link('here', 'l')",
    "os.truncate('here', 0)",
    "os.utime('here')",
    "shutil.rmtree('empty')",
    "tempfile.mkdtemp()",
    "os.chdir('/')",
    "os.putenv('A', 'b')",
    "os.environ.__setitem__('A', 'b')",
    "os.environ.pop('HOME')",
    "os.kill(1, 0)",
    "os.killpg(1, 0)",
    "os.mkfifo('fifo')",
    "os.umask(0)",
    "os.nice(1)",
    "signal.alarm(0)",
    "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "sqlite3.connect('base')",
    "ctypes.CDLL(None)",
    "socket.gethostbyname('localhost')",
    "sys.stdin.read()",
    "next(iter(sys.stdin))",
    "syslog.syslog('a')",
    "input()",
    "os._exit(0)",
    "os.abort()",
    "signal.raise_signal(15)",
    "socket.socket()",
    "socket.getaddrinfo('localhost', 80)",
    "urllib.request.urlopen('http://127.0.0.1/')",
]


def state(folder: Path) -> dict[Path, tuple[int, ...]]:
    """What a deed could have changed of the files in a folder; reading them changes none of it."""
    found = {path: path.lstat() for path in folder.iterdir()}
    return {
        path: (s.st_mode, s.st_ino, s.st_nlink, s.st_uid, s.st_size, s.st_mtime_ns)
        for path, s in found.items()
    }


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("hidden", [False, True])
def test_deeds_are_refused(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str, *, hidden: bool
) -> None:
    """They are told with their line, and not done, also where the recipe hides the exception."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").write_text("content", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    attempt = f"try:\n        {deed}\n    except Exception: pass" if hidden else deed
    path = write(
        "import ctypes, os, shutil, signal, socket, sqlite3, sys, syslog, tempfile\n"
        "import urllib.request; from pathlib import Path\n"
        f"@step\ndef a() -> None:\n    {attempt}\n"
    )
    before = state(tmp_path)
    problems = evaluate(load(path), {}).problems
    assert len(problems) == 1
    for problem in problems:
        assert problem.what.startswith("the recipe ")
        assert problem.where is not None
        assert problem.where.line == (7 if hidden else 6)
    assert state(tmp_path) == before
    assert Path.cwd() == tmp_path
    assert "A" not in os.environ
    assert os.environ["HOME"] == str(tmp_path)


CHANGING = {
    "random numbers": [
        "random.random()",
        "random.choice('ab')",
        "random.sample(range(9), 2)",
        "random.normalvariate()",
        "random.seed()",
        "random.Random().random()",
        "random.SystemRandom().random()",
        "secrets.token_hex()",
        "secrets.choice('ab')",
        "open('/dev/urandom', 'rb').close()",
        "Path('/proc/sys/kernel/random/uuid').read_text()",
        "ssl.RAND_bytes(4)",
        "uuid.uuid1()",
        "email.generator._make_boundary()",
        "random.getrandbits(8)",
        "random.Random().choice(tempfile.template)",
        "statistics.NormalDist().samples(2)",
        "uuid.uuid4()",
        "os.urandom(4)",
    ],
    "the clock": [
        "time.time()",
        "time.strftime('%Y')",
        "time.localtime()",
        "time.localtime(None)",
        "time.gmtime()",
        "time.ctime()",
        "time.monotonic_ns()",
        "datetime.now()",
        "datetime.now(UTC)",
        "datetime.today()",
        "date.today()",
        "type('D', (datetime,), {}).now()",
        "time.thread_time()",
        "time.clock_gettime_ns(time.CLOCK_REALTIME)",
        "email.utils.formatdate()",
        "email.utils.localtime()",
        "email.utils.make_msgid(domain='debian')",
        "email.utils.format_datetime(datetime.now())",
        "imaplib.Time2Internaldate(time.time())",
        "gzip.compress(b'')",
        "timeit.default_timer()",
        "sched.scheduler().run() or sched.scheduler().enter(0, 0, print)",
        "http.cookiejar.time2isoz()",
        "time.asctime()",
        "os.times()",
    ],
    "the times of files": [
        "os.stat(__file__).st_mtime",
        "os.stat(__file__)[8]",
        "os.stat(__file__).st_mtime_ns",
        "os.lstat(__file__).st_ctime",
        "os.path.getmtime(__file__)",
        "os.path.getatime(__file__)",
        "Path(__file__).stat().st_mtime",
        "Path(__file__).lstat().st_atime_ns",
        "[e.stat().st_mtime for e in os.scandir(os.path.dirname(__file__))]",
        "zipfile.ZipInfo.from_file(__file__)",
    ],
    "the environment": [
        "os.environ['HOME']",
        "os.environ.get('HOME')",
        "os.environ.get('NO_SUCH', '')",
        "os.getenv('HOME')",
        "'HOME' in os.environ",
        "list(os.environ)",
        "len(os.environ)",
        "dict(os.environ)",
        "os.environ.items() and [*os.environ.values()]",
        "os.environ.copy()",
        "{**os.environ}",
        "os.environb.get(b'HOME')",
        "os.path.expandvars(os.environ['HOME'])",
        "os.path.expandvars('$HOME/a')",
        "os.path.expanduser('~')",
        "Path.home()",
        "Path('~/.ssh/id.pub').expanduser()",
        "shutil.which('sh')",
        "os.get_exec_path()",
        "getpass.getuser()",
        "gettext.find('a')",
    ],
    "addresses in memory": [
        "id(os)",
        "f'{id(time):x}'",
        "threading.get_ident()",
        "threading.get_native_id()",
        "sys.getrefcount(os)",
        "sys.getsizeof(os)",
        "gc.get_count()",
    ],
    "the working directory": [
        "os.getcwd()",
        "os.getcwdb()",
        "Path.cwd()",
        "os.path.abspath('a')",
        "Path('a').absolute()",
        "Path('a').resolve()",
        "os.path.relpath('/a')",
    ],
    "properties of this machine": [
        "os.uname()",
        "os.cpu_count()",
        "os.getpid()",
        "os.getloadavg()",
        "os.sched_getaffinity(0)",
        "os.getgroups()",
        "os.getpriority(os.PRIO_PROCESS, 0)",
        "os.sysconf('SC_PAGE_SIZE')",
        "os.statvfs('/')",
        "os.pathconf('/', 'PC_NAME_MAX')",
        "shutil.disk_usage('/')",
        "os.stat(__file__).st_ino",
        "os.stat(__file__).st_uid",
        "os.stat(__file__)[1]",
        "Path(__file__).owner()",
        "[e.inode() for e in os.scandir(os.path.dirname(__file__))]",
        "multiprocessing.cpu_count()",
        "resource.getrusage(resource.RUSAGE_SELF)",
        "socket.if_nameindex()",
        "socket.getservbyname('ssh')",
        "locale.getlocale()",
        "locale.setlocale(locale.LC_ALL)",
        "calendar.LocaleTextCalendar(locale='C').formatweekday(0, 9)",
        "open('/proc/cpuinfo').close()",
        "Path('/etc/hostname').read_text()",
        "os.listdir('/sys')",
        "list(Path('/dev').iterdir())",
        "os.path.exists('/dev/kvm')",
        "Path('/proc/self').is_dir()",
        "os.getuid()",
        "socket.gethostname()",
        "platform.machine()",
        "platform.node()",
        "pwd.getpwuid(0)",
        "grp.getgrgid(0)",
    ],
}
IMPORTS = (
    "import argparse, calendar, email.generator, email.utils, gc, getpass, gettext, grp, gzip, io\n"
    "import http.cookiejar, imaplib, multiprocessing, os, platform, pwd, random, resource\n"
    "import secrets, shutil, socket, ssl, statistics, sys, tarfile, tempfile, threading, time\n"
    "import locale, sched, timeit, uuid, zipfile\n"
    "from pathlib import Path\n"
    "from datetime import UTC, date, datetime\n"
    "from time import time as now\n"
)


@pytest.mark.parametrize(
    ("source", "expression"), [(name, one) for name, each in CHANGING.items() for one in each]
)
def test_what_changes_from_run_to_run_is_refused(
    write: Write, source: str, expression: str
) -> None:
    path = write(f"{IMPORTS}@step\ndef a() -> None:\n    {expression}\n")
    problems = evaluate(load(path), {}).problems
    assert [(p.what, p.where and p.where.line) for p in problems] == [
        (f"the recipe reads {source}", 11)
    ]
    assert [p.what for p in load(write(f"{IMPORTS}{expression}\n")).problems] == [
        f"the recipe reads {source}"
    ]


@pytest.mark.parametrize(
    "expression",
    ["sys.argv[-1:]", "len(sys.argv)", "list(sys.argv)", "argparse.ArgumentParser()"],
)
def test_the_command_line_is_refused(write: Write, expression: str) -> None:
    path = write(f"{IMPORTS}@step\ndef a() -> None:\n    {expression}\n")
    problems = evaluate(load(path), {}).problems
    assert [p.what for p in problems] == ["the recipe reads the command line"]


@pytest.mark.parametrize(
    "expression",
    [
        "random.Random(7).choice('ab')",
        "random.Random('seed').random()",
        "random.seed(7) or random.choice('ab')",
        "time.strftime('%Y', (2026, 1, 2, 3, 4, 5, 4, 2, 0))",
        "print('ä', time.strftime('%Y', time.gmtime(0)), time.ctime(0), time.localtime(0).tm_year)",
        "time.strftime(*('%Y', time.gmtime(86400)))",
        "uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
        "datetime(2026, 1, 2)",
        "datetime.fromtimestamp(0, tz=UTC)",
        "date.fromisoformat('2026-01-02')",
        "logging.getLogger('a').debug('b')",
        "logging.getLogger('a').warning('b')",
        "os.path.expanduser('a')",
        "os.path.expandvars('a')",
        "os.stat(__file__).st_size + Path(__file__).stat().st_mode",
        "os.path.samefile(__file__, Path(__file__).resolve())",
        "os.path.getsize(__file__)",
        "[e.stat().st_size for e in os.scandir(os.path.dirname(__file__))]",
        "[e.is_file() for e in os.scandir(os.path.dirname(__file__))]",
        "datetime.strptime('2026', '%Y')",
        "datetime.fromtimestamp(0).hour + 1 / (datetime.fromtimestamp(0).hour == 0)",
        "zoneinfo.ZoneInfo('UTC').key",
        "json.dumps(copy.deepcopy({'a': [1]}))",
        "repr(functools.partial(print))",
        "gzip.compress(b'a', mtime=0)",
        "hashlib.sha256(b'a').hexdigest()",
        "subprocess.list2cmdline(['a'])",
        "string.Template('$a').substitute(a=1)",
        "textwrap.dedent(' a')",
        "tomllib.loads('a = 1')",
        "csv.reader(io.StringIO('a')).__next__()",
        "configparser.ConfigParser().read_string('[a]')",
        "re.compile('a').sub('b', 'c')",
        "email.utils.formatdate(0)",
        "gc.collect()",
        "Path(__file__).resolve()",
        "socket.inet_aton('127.0.0.1')",
        "os.listdir('/')",
    ],
)
def test_what_is_always_the_same_is_allowed(write: Write, expression: str) -> None:
    more = (
        "import configparser, copy, csv, functools, hashlib, json, logging, re, string\n"
        "import subprocess, textwrap, tomllib, zoneinfo\n"
    )
    path = write(f"{more}{IMPORTS}@step\ndef a() -> None:\n    {expression}\n")
    assert evaluate(load(path), {}).problems == ()


@pytest.mark.parametrize(
    ("lines", "deed"),
    [
        ("import threading; threading.Thread(target=print).start()", "starts a thread"),
        (
            "from concurrent.futures import ThreadPoolExecutor as E; E(2).submit(print)",
            "starts a thread",
        ),
        ("import asyncio; asyncio.run(asyncio.sleep(0))", "runs an event loop"),
        ("import asyncio; asyncio.new_event_loop()", "runs an event loop"),
    ],
)
def test_nothing_runs_at_the_same_time(write: Write, lines: str, deed: str) -> None:
    problems = evaluate(load(write(f"@step\ndef a() -> None:\n    {lines}\n")), {}).problems
    assert [p.what for p in problems] == [f"the recipe {deed} while it is read"]


@pytest.mark.parametrize(
    "names",
    [
        "os.listdir(here)",
        "listdir(here)",
        "[e.name for e in os.scandir(here)]",
        "[p.name for p in Path(here).iterdir()]",
        "[p.name for p in Path(here).glob('*')]",
        "[p.name for p in Path(here).rglob('*')]",
        "glob.glob('*', root_dir=here)",
        "[n for _, _, files in os.walk(here) for n in files]",
        "[n for _, _, files, _ in os.fwalk(here) for n in files]",
        "[e.name.decode() for e in os.scandir(os.fsencode(here))]",
    ],
)
def test_directories_are_listed_in_order(write: Write, tmp_path: Path, names: str) -> None:
    """The order on the disk differs between machines, and so would the image."""
    here = tmp_path / "here"
    here.mkdir()
    for name in "hbkdacjfgie":
        (here / name).touch()
    path = write(
        "import glob, os\nfrom os import listdir\nfrom pathlib import Path\n"
        f"here = {str(here)!r}\n"
        f"@step\ndef a() -> None:\n    require(False, ' '.join({names}))\n"
    )
    (problem,) = evaluate(load(path), {}).problems
    assert problem.what == "a b c d e f g h i j k"
    assert isinstance(os.listdir, type(len))  # as before


def test_what_the_system_says_of_itself_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform._os_release_cache", None)  # Python reads the file only once
    (problem,) = load(write("import platform\nplatform.freedesktop_os_release()\n")).problems
    assert problem.what == "the recipe reads properties of this machine"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", None])
def test_local_time_is_the_same_everywhere(
    write: Write, monkeypatch: pytest.MonkeyPatch, zone: str | None
) -> None:
    if zone is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", zone)
    time.tzset()
    before = time.localtime(0).tm_hour
    text = (
        "f'{datetime.fromtimestamp(0)} {time.localtime(0).tm_hour} {time.mktime(time.gmtime(0))}'"
    )
    path = write(f"{IMPORTS}@step\ndef a() -> None:\n    require(False, {text})\n")
    (problem,) = evaluate(load(path), {}).problems
    assert problem.what == "1970-01-01 00:00:00 0 0.0"
    assert time.localtime(0).tm_hour == before
    assert os.environ.get("TZ") == zone
    monkeypatch.undo()
    time.tzset()


def test_files_beside_the_recipe_may_be_read_anywhere(tmp_path: Path) -> None:
    """Not so those of the machine: their places are known by their first directory."""
    assert source_of_path("/etc/recipes/motd", Path("/etc/recipes")) is None
    assert source_of_path("/etc/motd", Path("/etc/recipes")) is MACHINE
    assert source_of_path(b"/dev/urandom", tmp_path) is CHANCE
    assert source_of_path("/dev/null", tmp_path) is None
    assert source_of_path("/devices", tmp_path) is None
    assert source_of_path(3, tmp_path) is None


def test_a_seed_lasts_until_the_recipe_is_read_again(write: Write) -> None:
    step = "@step\ndef a() -> None:\n    random.random()\n"
    assert evaluate(load(write(f"{IMPORTS}random.seed(7)\n{step}")), {}).problems == ()
    assert [p.what for p in evaluate(load(write(f"{IMPORTS}{step}")), {}).problems] == [
        "the recipe reads random numbers"
    ]


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("f'{size!r}'", "the option size"),
        ("f'{uefi!r}'", "the flag uefi"),
        ("f'{a!r}'", "the step a"),
        ("f'{a()!r}'", "a handle (Disk)"),
        ("'%r' % (a(),)", "a handle (Disk)"),
        ("repr(a())", "a handle (Disk)"),
        ("str([size])", "the option size"),
    ],
)
def test_nothing_becomes_text_by_its_repr(write: Write, expression: str, name: str) -> None:
    path = write(
        "size = option(GiB(4), help='Size.')\nuefi = flag(default=True, help='UEFI.')\n"
        f"@step\ndef a() -> Disk:\n    return mkimg(size())\n"
        f"@step\ndef b() -> None:\n    {expression}\n"
    )
    assert [(p.what, p.where and p.where.line) for p in evaluate(load(path), {}).problems] == [
        (f"{name} cannot become text", 9)
    ]


def test_a_module_beside_the_recipe_is_a_part_of_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "stamp_beside.py").write_text(
        "import time\n\n\ndef stamp():\n    return time.time()\n", encoding="utf-8"
    )
    path = write("import stamp_beside\n@step\ndef a() -> None:\n    stamp_beside.stamp()\n")
    (problem,) = evaluate(load(path), {}).problems
    assert (problem.what, problem.where and problem.where.line) == (
        "the recipe reads the clock",
        5,
    )


def test_installed_modules_may_read_the_clock(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "installed_clock.py").write_text(
        "import os, random, time\nnow = time.time(), random.random(), os.environ['HOME']\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(folder)
    assert load(write("import installed_clock\n")).problems == ()


def test_profiler_is_as_before(write: Write) -> None:
    def profile(*_: object) -> None:
        """Do nothing."""

    sys.setprofile(profile)
    try:
        evaluate(load(write("@step\ndef a() -> None:\n    pass\n")), {})
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(
    "event",
    ["subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"],
)
def test_programs_are_refused(recorder: Recorder, event: str) -> None:
    """Only the event is raised here: unit tests start no program."""
    with guarded(recorder), pytest.raises(Refused, match="starts a program"):
        sys.audit(event, b"id")
    assert [event in p.what for p in recorder.problems] == [True]


def test_reading_is_allowed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "motd").write_text("Hello", encoding="utf-8")
    path = write(
        """
        import os, json
        from pathlib import Path

        text = (Path(__file__).parent / "motd").read_text()
        names = os.listdir(os.path.dirname(__file__))

        @step
        def disk() -> Disk:
            print(text, file=open(os.devnull, "w"))
            return mkimg(GiB(len(text)))
        """
    )
    recipe = load(path)
    assert recipe.problems == ()
    with pytest.warns(ResourceWarning):
        assert evaluate(recipe, {}).problems == ()


def test_import_leaves_no_bytecode(write: Write, tmp_path: Path) -> None:
    (tmp_path / "imported_for_the_first_time.py").write_text("x = 1\n", encoding="utf-8")
    load(write("import imported_for_the_first_time"))
    assert not (tmp_path / "__pycache__").exists()


def test_guard_ends(recorder: Recorder, tmp_path: Path) -> None:
    before = sys.dont_write_bytecode
    with guarded(recorder):
        assert sys.dont_write_bytecode
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert recorder.problems == []
    assert sys.dont_write_bytecode == before


def test_guard_ends_with_an_exception(recorder: Recorder, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), guarded(recorder):
        raise KeyboardInterrupt
    (tmp_path / "x").write_text("x", encoding="utf-8")
    assert recorder.problems == []
