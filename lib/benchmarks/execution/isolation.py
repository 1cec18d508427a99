"""What keeps a program of a model apart from the machine that it runs on.

Two kinds; the first that the machine allows is used, and every verdict names it.

"namespaces" (Linux): the kernel's user, mount, PID, network, IPC and host name
namespaces, as containers have. The program sees its own processes, no network,
a small file system in memory, and read-only the folders of the system and of
Python. As root, it also becomes the user nobody. Linux refuses it what would
lead out of its limits; see system_calls.py.

"audit hook": where namespaces are not allowed, or on another system. Python
itself refuses sockets, other programs, signals to others, and files outside
the program's folder, and so does Linux where it can, but for the files. That
stops programs that do harm by accident, and not one that attacks the
interpreter.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import traceback

import refusal
import system_calls

KINDS = ("namespaces", "audit hook")
# How what `in_child` calls may end, besides 0 for success, as exit codes.
FAILED, REFUSED, KILLED = 1, 3, 4
NOBODY = 65534
ADDRESS_SPACE = 32 * 2**30  # libraries reserve much that they do not use
DESCRIPTORS = 256

# From <linux/sched.h>, <linux/mount.h>, <linux/prctl.h> and <linux/fcntl.h>.
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 2, 4, 8, 0x1000
MS_MOVE, MS_REC, MS_PRIVATE = 0x2000, 0x4000, 0x40000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc")
OWN_FOLDERS = ("program", "tmp", "dev/shm")  # what a program may write to
DEVICES = ("null", "zero", "full", "random", "urandom")

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """Calls a function of the C library; its failure is an OSError."""
    if not hasattr(libc, name):
        raise OSError(f"{name} is not of this system")
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def in_child(kind, use):
    """Calls `use` in a new process that is set apart; returns how that ended.

    0; REFUSED after an OSError, such as the machine not allowing it; FAILED
    after another error, told on standard error; KILLED by a signal.
    """
    if kind == "namespaces":
        return _in_process(lambda: _in_namespaces(use))
    return _in_process(use)


def _in_namespaces(use):
    """Calls `use` in the first process of new namespaces."""
    kinds = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    if os.getuid() == 0:
        call("unshare", kinds)
    else:
        _enter_user_namespace(kinds)
    return _in_process(use)  # the PID namespace is that of children only


def _in_process(use):
    """Calls `use` in a process that ends with this one; returns how it ended.

    `use` returns None, or how a process that it began ended.
    """
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            end_with_parent()
            code = use() or 0
        except OSError:
            traceback.print_exc()
            code = REFUSED
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return KILLED if code < 0 else code


def end_with_parent():
    """Has the kernel kill this process when its parent ends, where it can."""
    if sys.platform == "linux":
        call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _enter_user_namespace(kinds=0):
    user, group = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWUSER | kinds)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def enter_file_system(folder, limits):
    """Makes `folder` the root of a file system of its own, for the program."""
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    options = f"size={limits['diskMiB']}m,nr_inodes={limits['files']},mode=755"
    call("mount", b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV,
         options.encode())
    for path in _readable_folders():
        _show(path, folder + path)
    for name in ("proc", *OWN_FOLDERS):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    for name in OWN_FOLDERS:
        os.chmod(f"{folder}/{name}", 0o1777)
    for name in DEVICES:
        with open(f"{folder}/dev/{name}", "w"):
            pass
        call("mount", f"/dev/{name}".encode(), f"{folder}/dev/{name}".encode(),
             None, MS_BIND, None)
    os.symlink("/proc/self/fd", f"{folder}/dev/fd")
    call("mount", b"proc", f"{folder}/proc".encode(), b"proc",
         MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    os.chdir(folder)
    call("mount", b".", b"/", None, MS_MOVE, None)
    os.chroot(".")


def _readable_folders():
    """Folders of the system and of Python, none inside another."""
    paths = [*SYSTEM_FOLDERS, sys.base_prefix, sys.prefix, *sys.path]
    chosen = []
    for path in sorted(set(map(os.path.abspath, filter(os.path.exists, paths)))):
        if not any(path.startswith(f"{other}/") for other in chosen):
            chosen.append(path)
    return chosen


def _show(path, target):
    """Shows a folder at `target`, read-only; a link stays a link."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        with open(target, "w"):  # such as a zip file in sys.path
            pass
    call("mount", path.encode(), target.encode(), None, MS_BIND | MS_REC, None)
    attributes = (ctypes.c_uint64 * 4)(
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0, 0)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE,
         ctypes.byref(attributes), ctypes.sizeof(attributes))


def confine(kind, folder, limits):
    """Takes all privileges from this process and sets its limits, for good."""
    if sys.platform == "linux":
        # A machine that is short of memory is to end programs, not their guards.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    if os.getuid() == 0 and (kind == "namespaces" or _others_can_read(os.__file__)):
        _become_nobody(kind, folder)
    for name, limit in (
        ("RLIMIT_CPU", (limits["timeoutMs"] // 1000 + 2) * (os.cpu_count() or 1)),
        ("RLIMIT_AS", ADDRESS_SPACE),
        ("RLIMIT_FSIZE", limits["diskMiB"] * 2**20),
        ("RLIMIT_NPROC", limits["processes"]),
        ("RLIMIT_NOFILE", DESCRIPTORS),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (limit, limit))
        except (OSError, ValueError):
            if sys.platform == "linux":
                raise  # macOS refuses some of them
    if sys.platform == "linux":
        call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if kind == "namespaces":
        # <linux/capability.h>: version 3, this process, no capability.
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
        call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its /proc/self is root's
        system_calls.refuse_calls(call, alone=False)
    else:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                system_calls.refuse_calls(call, alone=True)
        refusal.refuse(folder)


def _become_nobody(kind, folder):
    if kind != "namespaces":
        os.chown(folder, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if kind == "namespaces":
        # In one of its own, its processes are counted apart from others'.
        call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
        _enter_user_namespace()


def _others_can_read(path):
    """Whether the user nobody still finds Python's library."""
    parents = [path]
    while parents[-1] != "/":
        parents.append(os.path.dirname(parents[-1]))
    return all(os.stat(parent).st_mode & 0o004 for parent in parents)
