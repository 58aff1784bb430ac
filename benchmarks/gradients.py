"""How fast the emitted NumPy is, beside NumPy written by hand, JAX (jit) and PyTorch on the CPU.

    python benchmarks/gradients.py [--only PART-OF-A-TITLE]… [--seconds S] [--markdown]

Every contestant gets the same data as arguments, in double precision, on one thread, and returns the loss with its gradients, or the
Hessian. Their results are compared before anything is timed. They take turns within one run; what is printed is each one's median, and
how many times as long as symgrad it takes. A peer that is not installed (`pip install -e ".[bench]"`) is said to be missing.
"""

from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"
for _choice in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # the kernel that suits the machine, not a choice made for something else
    os.environ.pop(_choice, None)
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata, util
from types import SimpleNamespace
from typing import Any

import numpy as np
from contests import CONTESTS, Contest

from symgrad import names
from symgrad.emit.numpy import emit, emit_only
from symgrad.formulas import network_of_text
from symgrad.pipeline import derive

Data = Mapping[str, Any]
Run = Callable[[], Any]
DISTRIBUTIONS = {"symgrad": "symgrad", "by hand": "numpy", "JAX": "jax", "PyTorch": "torch"}
TOLERANCE = 1e-9


# ── the contestants: a contest and its data → what is timed ──────────────────────────────────────────────────────────


def symgrad_run(contest: Contest, data: Data) -> Run:
    """The NumPy that `symgrad derive … --format numpy` prints."""
    network = network_of_text(contest.expression, contest.dims, {}, contest.assume, contest.settings)
    derivation = derive(network, contest.wrt, kinds=["hessian"] if contest.hessian else [], check=False)
    space: dict[str, Any] = {}
    if contest.hessian:
        (wrt,) = contest.wrt
        second = names.second(str(derivation.of), wrt, wrt)
        exec(emit_only(derivation, second), space)
        function = space["derivatives"]
    else:
        exec(emit(derivation), space)
        function = space["loss_and_gradients"]
    given = written_out(data) if contest.settings else dict(data)
    given = {name: given[name] for name in function.__code__.co_varnames[: function.__code__.co_argcount]}
    if contest.hessian:
        return lambda: next(iter(function(**given).values()))
    return lambda: function(**given)


def written_out(data: Data) -> dict[str, Any]:
    """x_1, x_2, … for a stack x."""
    given: dict[str, Any] = {}
    for name, value in data.items():
        given |= {f"{name}_{t}": each for t, each in enumerate(value, 1)} if value.ndim == 3 else {name: value}
    return given


def by_hand_run(contest: Contest, data: Data) -> Run:
    arguments = list(data.values())
    return lambda: contest.by_hand(*arguments)


def jax_run(contest: Contest, data: Data) -> Run:
    """A jitted function, compiled before it is timed; the data are on the device."""
    import jax

    m = SimpleNamespace(
        sum=jax.numpy.sum, tanh=jax.numpy.tanh, relu=jax.nn.relu, softplus=jax.nn.softplus, softmax=jax.nn.softmax,
        log_softmax=jax.nn.log_softmax, scan=lambda step, first, xs: jax.lax.scan(step, first, xs)[1],
    )  # fmt: skip
    places = tuple(list(data).index(name) for name in contest.wrt)

    def loss(*arguments: Any) -> Any:
        return contest.loss(m, *arguments)

    arguments = [jax.numpy.asarray(value) for value in data.values()]
    if contest.hessian:
        hessian = jax.jit(jax.hessian(loss, places[0]))
        return lambda: hessian(*arguments).block_until_ready()
    gradient = jax.jit(jax.value_and_grad(loss, places))

    def run() -> Any:
        value, found = jax.block_until_ready(gradient(*arguments))
        return value, dict(zip(contest.wrt, found, strict=True))

    return run


def torch_run(contest: Contest, data: Data) -> Run:
    """Eager reverse mode for gradients, `torch.func.hessian` for Hessians."""
    import torch

    torch.set_num_threads(1)

    def scan(step: Any, first: Any, xs: Any) -> Any:
        outputs = []
        for x in xs:
            first, output = step(first, x)
            outputs.append(output)
        return torch.stack(outputs)

    f = torch.nn.functional
    m = SimpleNamespace(
        sum=torch.sum, tanh=torch.tanh, relu=torch.relu, softplus=f.softplus, softmax=torch.softmax, log_softmax=torch.log_softmax,
        scan=scan,
    )  # fmt: skip
    arguments = {name: torch.as_tensor(value) for name, value in data.items()}
    if contest.hessian:
        place = list(data).index(contest.wrt[0])
        hessian = torch.func.hessian(lambda *values: contest.loss(m, *values), place)
        return lambda: hessian(*arguments.values())
    wanted = [arguments[name].requires_grad_() for name in contest.wrt]

    def run() -> Any:
        value = contest.loss(m, *arguments.values())
        return value.detach(), dict(zip(contest.wrt, torch.autograd.grad(value, wanted), strict=True))

    return run


RUNS = {"symgrad": symgrad_run, "by hand": by_hand_run, "JAX": jax_run, "PyTorch": torch_run}


# ── the comparison ───────────────────────────────────────────────────────────────────────────────────────────────────


def flat(contest: Contest, data: Data, found: Any) -> np.ndarray:
    """A result as one vector: the loss and the gradients, or the Hessian with its blocks put in their places."""
    if not contest.hessian:
        loss, gradients = found
        return np.concatenate([np.ravel(np.asarray(part)) for part in (loss, *(gradients[name] for name in contest.wrt))])
    shape = data[contest.wrt[0]].shape
    hessian = np.asarray(found)
    if hessian.size < np.prod(shape) ** 2:
        rows = np.arange(shape[0])
        whole = np.zeros((*shape, *shape))
        whole[rows, :, rows, :] = hessian
        hessian = whole
    return np.ravel(hessian)


def agree(contest: Contest, data: Data, runs: Mapping[str, Run]) -> None:
    """Raises where two contestants do not compute the same."""
    found = {name: flat(contest, data, run()) for name, run in runs.items()}
    first, expected = next(iter(found.items()))
    for name, values in found.items():
        error = np.max(np.abs(values - expected)) / np.max(np.abs(expected))
        if not error < TOLERANCE:
            raise SystemExit(f"{contest.title}: {name} and {first} differ by {error:.1e}")


def medians(runs: Mapping[str, Run], seconds: float) -> dict[str, float]:
    """Each contestant's median, all taking turns; a turn is as many calls as take two milliseconds.

    It is the time of the processor that counts, of all threads, so that what else the machine does matters less.
    """
    repeats = {}
    for name, run in runs.items():
        run()
        start = time.process_time()
        run()
        repeats[name] = max(1, int(0.002 / (time.process_time() - start)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["symgrad"]) < 5:
        for name, run in random.sample(list(runs.items()), len(runs)):  # nobody always comes after the one that warmed the cache
            start = time.process_time()
            for _ in range(repeats[name]):
                run()
            times[name].append((time.process_time() - start) / repeats[name])
    return {name: statistics.median(own) for name, own in times.items()}


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def installed() -> dict[str, str]:
    """The contestants that are there, with their versions; those that are not are said to be missing."""
    found = {}
    for name, distribution in DISTRIBUTIONS.items():
        if util.find_spec(distribution) is None:
            print(f"{name} is missing: pip install -e '.[bench]'")
        else:
            found[name] = metadata.version(distribution)
    return found


def machine() -> str:
    """The processor and the kernel that NumPy's matrix products run on."""
    if util.find_spec("threadpoolctl") is None:
        return platform.machine()
    import threadpoolctl

    blas = [f"{pool['internal_api']} {pool.get('architecture', '')} × {pool['num_threads']}" for pool in threadpoolctl.threadpool_info()]
    return f"{platform.machine()}, {', '.join(blas)}"


def shown(seconds: float) -> str:
    unit, size = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e-3)) if seconds >= s), ("µs", 1e-6))
    return f"{seconds / size:.3g} {unit}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="rows whose title contains this")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a row is timed")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    options = parser.parse_args()
    there = installed()
    print(f"{machine()}\n{', '.join(f'{name} {version}' for name, version in there.items())}\n")
    wide = 40
    if options.markdown:
        print(f"| | {' | '.join(there)} |\n|---|{'---:|' * len(there)}")
    else:
        print(" " * wide + "".join(f"{name:>18}" for name in there))
    for contest in CONTESTS:
        if options.only and not any(part in contest.title for part in options.only):
            continue
        data = contest.data(np.random.default_rng(1))
        runs = {name: RUNS[name](contest, data) for name in there}
        agree(contest, data, runs)
        found = medians(runs, options.seconds)
        cells = [shown(t) + ("" if name == "symgrad" else f" ({t / found['symgrad']:.2f})") for name, t in found.items()]
        table = f"| {contest.title} | {' | '.join(cells)} |"
        print(table if options.markdown else f"{contest.title:<{wide}}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
