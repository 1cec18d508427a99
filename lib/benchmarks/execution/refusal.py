"""What Python refuses a program where the kernel cannot keep it apart.

An audit hook (PEP 578) is told of what Python is about to do, and cannot be
taken out again. It is told of nothing that machine code does.
"""

import os

REFUSED = (
    "ctypes.dlopen", "ctypes.dlsym", "os.chmod", "os.chown", "os.exec", "os.fork",
    "os.kill", "os.posix_spawn", "os.setxattr", "os.spawn", "os.system", "pty.",
    "resource.", "signal.pthread_kill", "socket.", "subprocess.",
)
ALLOWED = ("socket.__new__", "socket.gethostname")
CHANGING = (
    "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate", "os.utime", "shutil.rmtree", "sqlite3.connect",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = 2000  # files that a program may write, remove, and so on


def refusal(folder):
    """An audit hook that raises PermissionError for what is not allowed.

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
            path, _, flags = arguments
            if flags & WRITING:
                change(event, [(path,)])
            elif not isinstance(path, int):
                if os.path.realpath(os.fsdecode(path)).startswith("/proc/"):
                    raise PermissionError(f"reading {path} is not allowed")
        elif event in CHANGING:
            change(event, _paths(event, arguments))
        elif event.startswith(REFUSED) and event not in ALLOWED:
            raise PermissionError(f"{event} is not allowed")

    return hook


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
        case _:
            return [(arguments[0],)]
