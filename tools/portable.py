"""Compare the notebooks' outputs as other processors would compute them.

The last bits of exp, tanh or a matrix product depend on the vector instructions that NumPy and
OpenBLAS choose for the processor at hand; what the notebooks print must not.
"""

import platform
import subprocess
import sys
import tempfile

from notebooks import ROOT, kernel_environment
from run_tests import STAGES


def profiles(features: dict[str, bool], dispatched: list[str], machine: str) -> dict[str, dict]:
    """The environments that stand for other processors, by name.

    features: what NumPy found here; dispatched: what it has faster code for. NumPy refuses to do
    without a feature that all its code needs, so only the others are switched off.
    """
    present = [feature for feature in dispatched if features.get(feature)]
    avx512 = [feature for feature in present if feature.startswith("AVX512") or feature == "X86_V4"]
    oldest_kernels = "ARMV8" if machine.lower() in ("aarch64", "arm64") else "Nehalem"
    chosen = {"the oldest processor": disabling(present) | {"OPENBLAS_CORETYPE": oldest_kernels}}
    if avx512:
        chosen["no AVX-512"] = disabling(avx512) | {"OPENBLAS_CORETYPE": "Haswell"}
    return chosen


def disabling(features: list[str]) -> dict[str, str]:
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(features)} if features else {}


def features_here() -> tuple[dict[str, bool], list[str]]:
    """What NumPy found in this process, and the features it chooses code by."""
    from numpy._core import _multiarray_umath as umath

    return umath.__cpu_features__, list(umath.__cpu_dispatch__)


def main() -> int:
    failed = []
    chosen = profiles(*features_here(), platform.machine())
    for name, changes in chosen.items():
        print(
            f"\n{name}: {' '.join(f'{key}={value!r}' for key, value in changes.items())}",
            flush=True,
        )
        with tempfile.TemporaryDirectory() as ipython_directory:
            environment = kernel_environment(ipython_directory, **changes)
            if subprocess.run(STAGES["notebooks"], cwd=ROOT, env=environment).returncode:
                failed.append(name)
    print(f"\n{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
