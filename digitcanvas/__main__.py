"""The same work from a shell: python -m digitcanvas, and one of the commands below."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.drawing.files import read_drawings
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.quiet import native_messages_hidden
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import evaluate, evaluate_drawings
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs import tutorials
from digitcanvas.runs.jobs import JobError, Jobs, jobs_in
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import RECIPES, Recipe, read_widths
from digitcanvas.runs.run import RateSearch, Run, Task, Training
from digitcanvas.runs.tutorials import Experiment

ANSWER = "{picture}: {digit} ({certainty} sure)"
NO_DIGIT = "{picture}: does not look like a digit (nearest: {digit})"
BAR = "{desc} {percentage:3.0f}%|{bar}| epoch {n:.1f}/{total} [{elapsed}<{remaining}{postfix}]"

MNIST, PEN = "DIGITCANVAS_MNIST", "DIGITCANVAS_PEN"

RETRY = 10
"""Seconds between two attempts to publish, or to start while another run goes on."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Gives its exit status: 0, or 1 after one clear line on standard error."""
    options = _parser().parse_args(arguments)
    for name in ("SIGTERM", "SIGHUP"):  # as Ctrl-C, so that nothing of a run is left
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        status: int = options.run(options)
        return status
    except (ValueError, OSError) as error:
        print(f"digitcanvas: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("digitcanvas: stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitcanvas", description="Read handwritten digits, and learn to."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="read pictures of handwritten digits")
    predict.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, BMP or WebP")
    predict.add_argument("--model", default="cnn", help="a model's name or directory (cnn)")
    predict.set_defaults(run=_predict)

    train = commands.add_parser(
        "train",
        help="train a network and publish it as a model",
        description="Train a network by a recipe, or by a recipe changed, and publish it.",
    )
    names = train.add_mutually_exclusive_group(required=True)
    names.add_argument("recipe", nargs="?", choices=RECIPES, metavar="RECIPE")
    names.add_argument("--recipe", dest="named", choices=RECIPES, metavar="RECIPE")
    train.epilog = f"The recipes: {', '.join(RECIPES)}."
    for field in fields(Recipe):
        _add_setting(train, field)
    place = train.add_mutually_exclusive_group()
    place.add_argument(
        "--name",
        help="the new model's name (default: the recipe's, with a number if that is taken)",
    )
    place.add_argument(
        "--output", type=Path, metavar="DIR", help="the model directory to write or replace"
    )
    train.set_defaults(run=_train)

    measure = commands.add_parser("evaluate", help="measure a model on the test set and drawings")
    measure.add_argument("model", help="a model's name or directory")
    measure.add_argument(
        "--strokes", metavar="FILE", help="drawings to measure on too: an .npz or UNIPEN file"
    )
    measure.set_defaults(run=_evaluate)

    search = commands.add_parser(
        "find-rate",
        help="find a recipe's learning rate",
        description="Train by a recipe at ever higher learning rates, and report the good range.",
    )
    search.add_argument("recipe", choices=RECIPES, metavar="RECIPE")
    search.set_defaults(run=_find_rate)

    again = commands.add_parser(
        "reproduce",
        help="train the tutorials' networks, and compare their figures with ours",
        description="Train the tutorials' networks as written, and print a table of their figures "
        "and ours. All of it takes half an hour on two cores.",
    )
    again.add_argument(
        "recipes",
        nargs="*",
        metavar="RECIPE",
        help=f"only these: {', '.join(tutorials.names())} (all)",
    )
    again.add_argument(
        "--seeds", type=_at_least_one, default=1, metavar="N", help="train each N times (1)"
    )
    again.set_defaults(run=_reproduce)

    for command in (search, again):
        command.add_argument("--sample", action="store_true", help="learn from the bundled sample")
    for command in (train, measure, search, again):
        command.add_argument("--mnist", metavar="FILE", help="mnist.npz (DIGITCANVAS_MNIST)")
    for command in (train, measure):
        command.add_argument("--pen", metavar="FILE", help="UNIPEN strokes (DIGITCANVAS_PEN)")
    for command in (predict, train, measure, search, again):
        command.add_argument("--json", action="store_true", help="print JSON, for machines")
    return parser


def _add_setting(parser: argparse.ArgumentParser, field: Field[Any]) -> None:
    """An option that overrides this field of the recipe."""
    option = "--" + field.name.replace("_", "-")
    if field.type is bool:
        parser.add_argument(option, action=argparse.BooleanOptionalAction, default=None)
    elif field.type in (int, float, str):
        parser.add_argument(option, type=field.type)
    else:
        parser.add_argument(option, type=_widths, metavar="WIDTH,WIDTH...")


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seeds: use 1 or more.")
    return int(text)


def _widths(text: str) -> tuple[int, ...]:
    try:
        return read_widths(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _load(model: str) -> Recognizer:
    with native_messages_hidden():
        return Recognizer.load(model)


def _predict(options: argparse.Namespace) -> int:
    """Read every picture that can be read, even after one that cannot."""
    recognizer = _load(options.model)
    predictions = []
    for picture in options.pictures:
        try:
            prediction = recognizer.predict_image(read_picture(picture))
        except ValueError as error:
            print(f"digitcanvas: {picture}: {error}", file=sys.stderr)
            continue
        probabilities = [round(float(p), 6) for p in prediction.probabilities]
        predictions.append(
            {
                "picture": picture,
                "digit": prediction.digit,
                "certainty": prediction.certainty,
                "is_digit": round(prediction.is_digit, 6),
                "rejected": prediction.rejected,
                "probabilities": probabilities,
            }
        )
    if options.json:
        print(json.dumps(predictions))
    else:
        for values in predictions:
            answer = NO_DIGIT if values["rejected"] else ANSWER
            print(answer.format(**values))
    return 0 if len(predictions) == len(options.pictures) else 1


def _train(options: argparse.Namespace) -> int:
    base = options.recipe or options.named
    settings = {field.name: getattr(options, field.name) for field in fields(Recipe)}
    changes = {name: value for name, value in settings.items() if value is not None}
    recipe = replace(RECIPES[base], **changes)
    output = str(registry.check_target(options.output.absolute())) if options.output else ""
    task = Training(recipe, options.name or registry.free_name(base), output)
    pen = load_pen_digits(options.pen)  # so that a file that cannot be read stops any training
    if recipe.pen_copies and not pen:
        print("No pen strokes given (--pen): training on MNIST alone.", file=sys.stderr)
    run = _follow(task, {MNIST: options.mnist, PEN: options.pen})
    directory = registry.find(run.result)
    card = registry.read_card(directory)
    report = {"model": str(directory), "untrained": card.untrained, "metrics": card.metrics}
    if not options.json:
        print("untrained: accuracy {accuracy:.2%}, loss {loss:.4f}".format(**card.untrained))
    _print_metrics(report, options.json)
    return 0


def _follow(
    task: Task,
    sources: Mapping[str, str | None],
    label: str | None = None,
) -> Run:
    """Do the task as the page would, with a progress bar on standard error. Gives how it ended.

    `sources` name the data files, by environment variable; those that are None are as they are set.

    Raises ValueError if it cannot be started or fails.
    """
    jobs, bar = jobs_in(registry.home()), None
    run = jobs.start(task, {name: path for name, path in sources.items() if path is not None})
    try:
        for run in jobs.follow(run.id):  # noqa: B020
            if run.problem:
                _wait_to_publish(jobs, run)
            if run.progress:
                figures = _figures(run.progress)
                bar = bar or tqdm(
                    desc=label, bar_format=BAR, total=task.steps, mininterval=0.5, postfix=figures
                )
                bar.set_postfix(figures, refresh=False)
                bar.update(run.progress.epochs_done - bar.n)
    finally:
        if bar:
            bar.close()
        jobs.cancel(run.id)
    if run.state == "failed":
        raise ValueError(run.error)
    return run


def _follow_patiently(task: Task, sources: Mapping[str, str | None], label: str) -> None:
    """As `_follow`, after a run that is under way: what was done so far is not lost."""
    while True:
        try:
            _follow(task, sources, label)
        except JobError as error:
            print(f"{error} Trying again in {RETRY} s.", file=sys.stderr)
            time.sleep(RETRY)
        else:
            return


def _figures(progress: Progress) -> dict[str, str]:
    figures = {name: f"{value:.4f}" for name, value in progress.metrics.items()}
    return figures or {"drawings": f"{progress.share:.0%}"}


def _wait_to_publish(jobs: Jobs, run: Run) -> None:
    """The trained network waits until it can be written: ask again now and then."""
    print(f"\n{run.problem} Trying again in {RETRY} s; Ctrl-C gives up.", file=sys.stderr)
    time.sleep(RETRY)
    jobs.publish_again(run.id)


def _find_rate(options: argparse.Namespace) -> int:
    recipe = replace(RECIPES[options.recipe], sample=options.sample)
    curve = _follow(RateSearch(recipe), {MNIST: options.mnist}).curve
    assert isinstance(curve, RateCurve)
    low, high = curve.good
    if options.json:
        found = {"rates": curve.rates, "losses": curve.losses}
        print(json.dumps(found | {"good": curve.good, "choice": curve.choice}))
    else:
        print(f"good learning rates: {low:.2g} to {high:.2g}; take {curve.choice:g}")
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    rows = _reproduced(tutorials.chosen(options.recipes), options)
    if options.json:
        print(json.dumps(list(rows)))
        return 0
    print(tutorials.HEAD)
    for row in rows:
        print(tutorials.line(row), flush=True)
    return 0


def _reproduced(
    experiments: list[Experiment], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """The experiments' rows, as they are trained: each with its recipe's seed and those after."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        for experiment in experiments:
            cards = []
            for number in range(options.seeds):
                seed = experiment.recipe.seed + number
                recipe = replace(experiment.recipe, seed=seed, sample=options.sample)
                task = Training(recipe, model.name, str(model))
                _follow_patiently(task, {MNIST: options.mnist, PEN: ""}, experiment.name)
                cards.append(registry.read_card(model))
            yield from tutorials.rows(experiment, cards)


def _evaluate(options: argparse.Namespace) -> int:
    recognizer = _load(options.model)
    drawings = read_drawings(options.strokes) if options.strokes else []
    mnist = load_mnist(options.mnist)
    if mnist.is_sample:
        print(
            "These are digits of MNIST's training set: they flatter a network that learnt from it.",
            file=sys.stderr,
        )
    metrics = evaluate(recognizer, mnist, load_pen_digits(options.pen))
    if drawings:
        metrics["strokes"] = {"data": options.strokes} | evaluate_drawings(recognizer, drawings)
    report = {"model": options.model, "mnist": mnist.source, "metrics": metrics}
    _print_metrics(report, options.json)
    return 0


def _print_metrics(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report))
        return
    print(report["model"])
    for metrics in report["metrics"].values():
        print(_table(metrics))


def _table(metrics: dict[str, Any]) -> str:
    """The metrics of one set, as text."""
    low, high = metrics["interval"]
    unsure = metrics["confidence_when_wrong"]
    lines = [
        f"\n{metrics['data']}: {metrics['count']:,} digits",
        f"  accuracy {metrics['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"loss {metrics['loss']:.4f}",
        f"  expected calibration error {metrics['expected_calibration_error']:.2%}, "
        "mean confidence when wrong "
        + ("(never wrong)" if unsure is None else f"{unsure:.2f}")
        + f", rejected as not a digit {metrics['rejected']:.2%}",
        "  true  accuracy   read as" + "".join(f"{digit:6}" for digit in range(10)),
    ]
    for digit, row in enumerate(metrics["confusion"]):
        share = metrics["accuracy_by_digit"][digit]
        lines.append(
            f"  {digit:4}  {'' if share is None else f'{share:.2%}':>8}          "
            + "".join(f"{count or '.':>6}" for count in row)
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
