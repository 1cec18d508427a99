"""Runs a notebook on the Deno kernel: run_notebook.py INPUT OUTPUT SECONDS.

OUTPUT is the notebook with its outputs; an error of a cell is one of them.
Anything else that goes wrong ends the program with a message.
"""

import os
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

source, target, seconds = sys.argv[1:]
deadline = time.monotonic() + float(seconds)
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook,
    kernel_name="deno",
    # nbclient's limit is per cell; ours is for the notebook.
    timeout_func=lambda cell: max(1, int(deadline - time.monotonic())),
    record_timing=False,
    resources={"metadata": {"path": os.path.dirname(os.path.abspath(source))}},
)
try:
    client.execute()
except CellExecutionError:
    pass
except Exception as error:
    sys.exit(f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")
nbformat.write(notebook, target)
