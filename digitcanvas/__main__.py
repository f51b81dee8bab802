"""The same work from a shell: digitcanvas, or python -m digitcanvas, and one of its commands."""

import argparse
import os
import signal
import sys

import digitcanvas
from digitcanvas.shell import (
    drawings,
    evaluate,
    find_rate,
    lists,
    predict,
    reproduce,
    run,
    train,
    tune,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Gives its exit status: 0, or 1 after one clear line on standard error.

    Where nobody reads the output any more, as after `| head -1`, it ends without a word.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.run is None:
        parser.print_help()
        return 0
    for name in ("SIGTERM", "SIGHUP"):  # as Ctrl-C, so that nothing of a run is left
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        status: int = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's last flush
        return 141  # as a program that SIGPIPE ends
    except (ValueError, OSError) as error:
        print(f"digitcanvas: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("digitcanvas: stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitcanvas",
        description="Draw digits and see a neural network read them: in a browser, or here.",
        epilog="`digitcanvas COMMAND --help` tells a command's options.",
    )
    version = f"digitcanvas {digitcanvas.__version__}"
    parser.add_argument("--version", action="version", version=version, help="print the version")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    for command in (run, predict, train, tune, evaluate, lists, find_rate, reproduce, drawings):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
