"""Figures of a study from Optuna's, as plain dicts like those of `charts`."""

import json
from typing import Any

import optuna
from optuna.trial import TrialState

from digitcanvas.figures import charts
from digitcanvas.figures.charts import OTHER, TOP, Figure


def history_chart(study: optuna.Study) -> Figure:
    """The accuracy that each trial reached, and the best so far. A ring is one stopped early."""
    dots = []
    for state, name, symbol in (
        (TrialState.COMPLETE, "whole", "circle"),
        (TrialState.PRUNED, "stopped early", "circle-open"),
    ):
        reached = [
            (trial.number + 1, 100 * trial.intermediate_values[trial.last_step])
            for trial in study.get_trials(deepcopy=False, states=[state])
            if trial.last_step is not None
        ]
        dots.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [number for number, _ in reached],
                "y": [value for _, value in reached],
                "marker": {"color": OTHER, "symbol": symbol, "size": 9},
                "hovertemplate": "trial %{x}: %{y:.2f} %<extra></extra>",
                "cliponaxis": False,
            }
        )
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "best so far",
        "line": {"color": TOP, "shape": "hv"},
        "hoverinfo": "skip",
    }
    return charts.figure(
        [line | _best_so_far(study), *dots],
        charts.axis("trial", rangemode="tozero", tickformat="d"),
        charts.axis("accuracy", **charts.PERCENT),
        legend=charts.LEGEND,
    )


def _best_so_far(study: optuna.Study) -> dict[str, list[float]]:
    whole = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    best, steps = 0.0, []
    for trial in whole:
        best = max(best, trial.value or 0.0)
        steps.append((trial.number + 1, 100 * best))
    steps += [(len(study.trials), 100 * best)] if steps else []
    return {"x": [number for number, _ in steps], "y": [value for _, value in steps]}


def parallel_chart(study: optuna.Study) -> Figure:
    """A line for each whole trial over the axes of its accuracy and its values; the best stands
    out. Needs one whole trial."""
    drawn = optuna.visualization.plot_parallel_coordinate(study, target_name="accuracy")
    plain: dict[str, Any] = json.loads(drawn.to_json())
    lines = [trace for trace in plain["data"] if trace["mode"] == "lines"]
    lines.sort(key=lambda trace: trace["y"][0])  # by accuracy, so that the best is on top
    for trace in lines:
        trace["line"], trace["opacity"] = {"color": OTHER, "width": 1.5}, 0.6
    lines[-1] |= {"line": {"color": TOP, "width": 3}, "opacity": 1}
    layout = plain["layout"]
    ticks = [mark | {"font": {"size": 11}} for mark in layout["annotations"]]
    rules = [rule | {"line": {"color": OTHER, "width": 1}} for rule in layout["shapes"]]
    return charts.figure(
        lines,
        layout["xaxis"] | charts.BARE | {"fixedrange": True},
        layout["yaxis"] | charts.HIDDEN,
        annotations=ticks,
        shapes=rules,
        height=340,
        hovermode="closest",
        margin={"l": 48, "r": 24, "t": 16, "b": 46},
        meta={"narrowest": 90 * (1 + len(rules))},
    )


def importance_chart(study: optuna.Study) -> Figure | None:
    """How much of the difference between trials each setting explains, in percent.

    By PED-ANOVA (S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: Efficiently quantifying
    hyperparameter importance in arbitrary subspaces", IJCAI 2023). None if all trials reached the
    same.
    """
    whole = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len({trial.value for trial in whole}) < 2:
        return None
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    names = list(reversed(shares))
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * shares[name] for name in names],
        "y": names,
        "marker": {"color": TOP},
        "hovertemplate": "%{y}: %{x:.0f} %<extra></extra>",
    }
    return charts.figure(
        [bars],
        charts.axis("importance", rangemode="tozero", **charts.PERCENT),
        {"automargin": True, "fixedrange": True, "ticklabelstandoff": 8, **charts.BARE},
        height=90 + 34 * len(names),
    )
