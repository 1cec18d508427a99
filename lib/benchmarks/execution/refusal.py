"""What Python refuses a program where the kernel cannot keep it apart.

An audit hook (PEP 578) is told of what Python is about to do, and cannot be
taken out again. It is told of nothing that machine code does, and of a few
functions of Python's own it is not told either, or too little; these are
replaced.
"""

import contextlib
import importlib
import os
import sys

REFUSED = (
    "ctypes.dlopen", "ctypes.dlsym", "fcntl.ioctl", "os.chmod", "os.chown", "os.exec", "os.fork",
    "os.kill", "os.posix_spawn", "os.setxattr", "os.spawn", "os.system", "pty.",
    "resource.", "signal.pthread_kill", "socket.", "sqlite3.enable_load_extension",
    "sqlite3.load_extension", "subprocess.",
)
ALLOWED = ("socket.__new__", "socket.gethostname")
CHANGING = (
    "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate", "os.utime", "shutil.rmtree", "sqlite3.connect",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Of <fcntl.h>: which process a descriptor signals, and when.
F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY = 8, 10, 15, 1024, 1026
SIGNALLING = (F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY)
# Modules that write files and tell no audit hook; Python does without them.
LACKING = ("_dbm", "_gdbm", "readline")
# Functions that no audit hook is told of, by module.
PRIORITIES = (
    "sched_setaffinity", "sched_setparam", "sched_setscheduler", "setpriority",
)
UNSEEN = {
    "_posixshmem": ("shm_open", "shm_unlink"),
    "_posixsubprocess": ("fork_exec",),
    "_signal": ("pidfd_send_signal",),
    "os": ("mkfifo", "mknod", *PRIORITIES),
    "posix": ("mkfifo", "mknod", *PRIORITIES),
    "signal": ("pidfd_send_signal",),
    "subprocess": ("_fork_exec",),
}
SQLITE_OK, SQLITE_DENY, SQLITE_ATTACH = 0, 1, 24
FACTORY = 5  # place of that argument of sqlite3.connect
CHANGES = 2000  # files that a program may write, remove, and so on


def _take_away(is_inside):
    """Replaces functions that no audit hook sees, or whose paths it cannot know."""
    for module_name, names in UNSEEN.items():
        module = sys.modules.get(module_name)
        if module is None and module_name.startswith("_"):
            with contextlib.suppress(ImportError):
                module = importlib.import_module(module_name)
        for name in names:
            if hasattr(module, name):
                setattr(module, name, _refused(f"{module_name}.{name}"))
    sys.modules["posix"].open = os.open = _open_absolute(os.open)
    with contextlib.suppress(ImportError):
        sqlite = importlib.import_module("_sqlite3")
        _keep_inside(sqlite, is_inside)


def _refused(name):
    def refuse(*_, **__):
        raise PermissionError(f"{name} is not allowed")

    return refuse


def _open_absolute(open_file):
    """`os.open` that says where a path begins that is not absolute."""

    def open(path, flags, mode=0o777, *, dir_fd=None):
        path = os.fsdecode(path)
        if not os.path.isabs(path):
            parent = os.getcwd() if dir_fd is None else f"/proc/self/fd/{dir_fd}"
            path = os.path.join(parent, path)
        return open_file(path, flags, mode)

    return open


def _keep_inside(sqlite, is_inside):
    """Gives SQLite connections of which no statement opens a file elsewhere."""
    connect_anywhere = sqlite.connect

    def authorize(action, path, *_):
        """What SQLite asks of each statement before it begins."""
        if action != SQLITE_ATTACH or path in ("", ":memory:"):
            return SQLITE_OK
        is_allowed = path is not None and is_inside(_database_path(path))
        return SQLITE_OK if is_allowed else SQLITE_DENY

    class Connection(sqlite.Connection):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            self.set_authorizer(authorize)

    def connect(*arguments, **settings):
        if len(arguments) <= FACTORY:
            settings.setdefault("factory", Connection)
        connection = connect_anywhere(*arguments, **settings)
        connection.set_authorizer(authorize)
        return connection

    sqlite.connect = connect
    sqlite.Connection = Connection


def refuse(folder):
    """Sets an audit hook that raises PermissionError for what is not allowed.

    A program may read files, but none of /proc, and change those in its folder.
    """
    inside = os.path.realpath(folder) + os.sep
    left = CHANGES

    def is_inside(path, folder_descriptor=-1):
        if isinstance(path, int):
            return True  # it has been opened before
        parent = "."
        if folder_descriptor != -1:
            parent = f"/proc/self/fd/{folder_descriptor}"
        path = os.path.realpath(os.path.join(parent, os.fsdecode(path)))
        return f"{path}{os.sep}".startswith(inside) or path == os.devnull

    def change(event, paths):
        nonlocal left
        left -= 1
        if left < 0 or not all(is_inside(*path) for path in paths):
            raise PermissionError(f"{event} is not allowed here: {paths}")

    def hook(event, arguments):
        if event == "open":
            path, mode, flags = arguments
            if mode is None and not os.path.isabs(os.fsdecode(path)):
                raise PermissionError("os.open must have been replaced")
            if flags & WRITING or not {*"wax+"}.isdisjoint(mode or ""):
                change(event, [(path,)])
            elif not isinstance(path, int):
                if os.path.realpath(os.fsdecode(path)).startswith("/proc/"):
                    raise PermissionError(f"reading {path} is not allowed")
        elif event == "import" and arguments[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {arguments[0]!r}")
        elif event == "fcntl.fcntl" and arguments[1] in SIGNALLING:
            raise PermissionError(f"fcntl {arguments[1]} is not allowed")
        elif event in CHANGING:
            change(event, _paths(event, arguments))
        elif event.startswith(REFUSED) and event not in ALLOWED:
            raise PermissionError(f"{event} is not allowed")

    _take_away(is_inside)
    sys.addaudithook(hook)


def _paths(event, arguments):
    """Paths of an event, with the descriptor of the folder that they are in."""
    match event, arguments:
        case ("os.link" | "os.rename"), (source, target, *descriptors):
            return list(zip((source, target), descriptors))
        case "os.symlink", (_, target, descriptor):
            return [(target, descriptor)]
        case "os.mkdir", (path, mode, descriptor):
            if mode & 0o700 != 0o700:
                raise PermissionError("a folder must stay open to its owner")
            return [(path, descriptor)]
        case ("os.remove" | "os.rmdir" | "shutil.rmtree"), (path, descriptor):
            return [(path, -1 if descriptor is None else descriptor)]
        case "sqlite3.connect", (database,):
            return [(_database_path(database),)]
        case _:
            return [(arguments[0],)]


def _database_path(database):
    """The path in a URI that names a database; other names are paths."""
    name = os.fsdecode(database)
    if not name.startswith("file:"):
        return name
    path = name.removeprefix("file:").partition("?")[0].partition("#")[0]
    if "%" in path or path.startswith("//"):
        raise PermissionError(f"{name} is not allowed: give a plain path")
    return path
