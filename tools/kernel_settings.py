"""What a kernel of the course is told by its environment, in a reader's JupyterLab and in tests."""

from pathlib import Path

# For PYTHONPATH: the package beside this folder, also where both were moved or copied after the
# set-up, and nothing else: a reader's own path may lead to another NumPy.
PACKAGE_PATH = str(Path(__file__).resolve().parent.parent)

KERNEL_SETTINGS = {
    # With more threads, the small matrices of the course wait for each other.
    "OPENBLAS_NUM_THREADS": "1",
    # Else glibc gives large arrays back to the system after each operation, and fetches them again
    # page by page: a million sigmoids and their slopes would take several times as long.
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
}
