"""A filter of system calls (seccomp), by which Linux itself refuses a program.

Refused are calls that lead out of a program's limits: to namespaces with mounts
of their own, to memory that belongs to no process and so is not counted, to
other processes' limits, and to sockets of other kinds than those of files and
of the internet, such as those to a virtual machine's host. Where there are no
namespaces, also those that start programs, signal others,
make special files or connect. They fail as if the user were not allowed to.

For x86-64 and AArch64; elsewhere nothing is refused.
"""

import ctypes
import errno
import os

# By machine: its name as an audit architecture, from <linux/audit.h>.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Numbers on x86-64 and AArch64; from 424 on they are the same everywhere.
NUMBERS = {
    "add_key": (248, 217), "bind": (49, 200), "bpf": (321, 280),
    "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203),
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430),
    "fspick": (433, 433), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "io_uring_setup": (425, 425),
    "keyctl": (250, 219), "kill": (62, 129), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "mknod": (133, None), "mknodat": (259, 33),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "msgget": (68, 186), "open_tree": (428, 428), "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41), "prlimit64": (302, 261), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117),
    "request_key": (249, 218), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "semget": (64, 190), "setns": (308, 268),
    "shmget": (29, 194), "socket": (41, 198),
    "tgkill": (234, 131), "tkill": (200, 130), "umount2": (166, 39),
    "unshare": (272, 97), "userfaultfd": (323, 282), "vfork": (58, None),
}
REFUSED = """add_key bpf fsconfig fsmount fsopen fspick io_uring_enter
    io_uring_register io_uring_setup keyctl memfd_create memfd_secret mount
    mount_setattr move_mount msgget open_tree perf_event_open pivot_root
    request_key semget setns shmget umount2 unshare userfaultfd""".split()
REFUSED_ALONE = """bind connect execve execveat fork kill mknod mknodat pidfd_getfd
    pidfd_send_signal process_vm_readv process_vm_writev ptrace rt_sigqueueinfo
    rt_tgsigqueueinfo tkill vfork""".split()

# Of <linux/bpf_common.h> and <linux/seccomp.h>; offsets in what a filter reads.
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS
X32 = 0x40000000  # first number of x86-64's other calling convention
SOCKET_FAMILIES = 1, 2, 10, 16  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
CLONE_THREAD, CLONE_NAMESPACES = 0x10000, 0x7E020000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def refuse_calls(call, alone):
    """Sets the filter for this process and all that it starts, for good.

    `call` calls a function of the C library. `alone`: there are no namespaces.

    @raises OSError: If the kernel has no such filters.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES or ctypes.sizeof(ctypes.c_void_p) != 8:
        return
    steps = b"".join(
        code.to_bytes(2, "little") + bytes((if_true, if_false))
        + value.to_bytes(4, "little")
        for code, if_true, if_false, value in _steps(machine, alone)
    )
    buffer = ctypes.create_string_buffer(steps, len(steps))
    filter = _Program(len(steps) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter), 0, 0)


def _steps(machine, alone):
    """Code, steps to skip if true and if false, value."""
    def number_of(name):
        return NUMBERS[name][list(ARCHITECTURES).index(machine)]

    yield LOAD, 0, 0, ARCHITECTURE
    yield EQUAL, 1, 0, ARCHITECTURES[machine]
    yield RETURN, 0, 0, UNKNOWN
    yield LOAD, 0, 0, NUMBER
    yield AT_LEAST, 0, 1, X32
    yield RETURN, 0, 0, UNKNOWN
    for name in REFUSED + REFUSED_ALONE * alone:
        if number_of(name) is not None:
            yield EQUAL, 0, 1, number_of(name)
            yield RETURN, 0, 0, REFUSE
    yield EQUAL, 0, 1, number_of("clone3")  # its flags are out of sight; C
    yield RETURN, 0, 0, UNKNOWN  # libraries then call clone
    yield EQUAL, 0, 4, number_of("clone")
    yield LOAD, 0, 0, FIRST_ARGUMENT
    yield ANY_BIT, 1 - alone, alone, CLONE_THREAD if alone else CLONE_NAMESPACES
    yield RETURN, 0, 0, ALLOW
    yield RETURN, 0, 0, REFUSE
    yield from _only(number_of("prlimit64"), 0, os.getpid())
    yield from _only(number_of("socket"), *SOCKET_FAMILIES)
    if alone:
        yield from _only(number_of("tgkill"), os.getpid())  # a process aborts with it
    yield RETURN, 0, 0, ALLOW


def _only(number, *firsts):
    """Allows a call with one of these first arguments alone."""
    count = len(firsts)
    yield EQUAL, 0, count + 3, number
    yield LOAD, 0, 0, FIRST_ARGUMENT
    for i, first in enumerate(firsts):
        yield EQUAL, count - i, 0, first
    yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW
