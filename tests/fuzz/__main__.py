"""Feeds damaged inputs to all that takes something from strangers, each target in its own process.

Run: python -m tests.fuzz [--seconds 60 | --count 100000] [--seed 17] [--target NAME]
     python -m tests.fuzz --replay FILE
"""

import argparse
import faulthandler
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

SLOWEST = 1.0
"""Seconds of a core for one input, at most."""

GROWTH = 300
"""Megabytes that a target's process may grow, at most."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--target")
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "fuzz"))
    options = parser.parse_args()
    from tests.fuzz.targets import TARGETS

    if options.replay:
        TARGETS[options.replay.name.split("-")[0]].take(options.replay.read_bytes())
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.target:
        return fuzz(options.target, options.seed, options.count, options.seconds, options.folder)
    count = options.count and -(-options.count // len(TARGETS))
    seconds = options.seconds or (None if options.count else 60)
    share = seconds and seconds / len(TARGETS)
    failed = [
        name for name in TARGETS if _in_child(name, options.seed, count, share, options.folder)
    ]
    print("failed: " + ", ".join(failed) if failed else "nothing unexpected")
    return bool(failed)


def _in_child(*arguments: object) -> bool:
    """Fuzz one target in a process that has what this one has imported. Gives whether it failed."""

    def run() -> None:
        sys.exit(fuzz(*arguments))

    sys.stdout.flush()
    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    return child.exitcode != 0


def fuzz(name: str, seed: int, count: int | None, seconds: float | None, folder: Path) -> int:
    """Fuzz one target in this process. Gives 1 if an input ended otherwise than it may."""
    from tests.fuzz.targets import TARGETS

    target, rng = TARGETS[name], random.Random(seed)
    current = folder / f"{name}-current"
    signal.signal(signal.SIGPROF, _too_slow)
    target.take(target.make(random.Random(0)))  # loads what it needs
    _bound_memory()
    at_first, began, slowest, done, kinds = _peak(), time.monotonic(), 0.0, 0, set[str]()
    while (count is None or done < count) and (
        seconds is None or time.monotonic() - began < seconds
    ):
        content = target.make(rng)
        current.write_bytes(content)
        before = time.process_time()
        faulthandler.dump_traceback_later(60, exit=True)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST)
        try:
            target.take(content)
            if _peak() - at_first > GROWTH:
                raise MemoryError(f"{_peak() - at_first:.0f} MB more")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} {where.filename}:{where.lineno}"
            if kind not in kinds:
                kinds.add(kind)
                saved = folder / f"{name}-{seed}-{done}"
                saved.write_bytes(content)
                print(f"{saved}: {kind}: {str(error)[:200]}", flush=True)
            if isinstance(error, MemoryError):
                break
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, time.process_time() - before)
        done += 1
    faulthandler.cancel_dump_traceback_later()
    print(
        f"{name:9} {done:7,} inputs, slowest {slowest:.2f} s, "
        f"{_peak() - at_first:.0f} MB more, {len(kinds)} kinds of error"
    )
    return bool(kinds)


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"more than {SLOWEST} s")


def _bound_memory() -> None:
    """Have more memory than that refused, where the system allows it: what asks for it fails."""
    status = Path("/proc/self/status")
    if status.exists():
        (used,) = re.findall(r"VmData:\s+(\d+) kB", status.read_text())
        most = int(used) * 1024 + GROWTH * 1_000_000
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
