"""Removes what a program leaves behind, whatever it has made of it."""

import contextlib
import os


def remove(folder):
    """Removes a folder of this user's; what cannot be removed stays.

    Folders in it may be closed to their owner, and nested too deep for a path
    or for recursion. So they are opened, and what they hold is moved up.
    """
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
        while _remove_first(folder):
            pass
        os.rmdir(folder)


def _remove_first(folder):
    """Removes one thing in a folder; false if there is nothing in it."""
    with os.scandir(folder) as entries:
        entry = next(entries, None)
    if entry is None:
        return False
    if entry.is_dir(follow_symlinks=False):
        for path in _children(entry.path):
            os.rename(path, f"{folder}/{os.urandom(16).hex()}")
        os.rmdir(entry.path)
    else:
        os.unlink(entry.path)
    return True


def _children(folder):
    os.chmod(folder, 0o700)
    with os.scandir(folder) as entries:
        children = list(entries)
    for child in children:
        if child.is_dir(follow_symlinks=False):
            os.chmod(child.path, 0o700)  # only an open folder can be moved
    return [child.path for child in children]
