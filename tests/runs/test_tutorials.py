"""What the tutorials claim, and the recipes that are to come to the same."""

from dataclasses import replace

import pytest

from digitcanvas.__main__ import main
from digitcanvas.reading import registry
from digitcanvas.runs import tutorials
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.tutorials import EXPERIMENTS, FIGURES, Claim, Experiment

CARD = replace(
    registry.read_card(registry.SHIPPED / "mlp"),
    metrics={"test": {"accuracy": 0.9749, "loss": 0.08251}},
    untrained={"accuracy": 0.0721, "loss": 2.36344},
    history={"accuracy": [0.5, 0.98], "val_accuracy": [0.4, 0.97], "loss": [], "val_loss": []},
    seconds=12.6,
)
OURS = {
    "test accuracy": 0.9749,
    "test loss": 0.08251,
    "test accuracy, untrained": 0.0721,
    "test loss, untrained": 2.36344,
    "training accuracy": 0.98,
    "validation accuracy": 0.97,
}
CHANGED = Experiment(
    "009",
    "tiny",
    [Claim("test accuracy", 0.5), Claim("test loss", None)],
    changes={"normalise": False, "augment": True, "epochs": 7, "batch_size": 64},
)


class Refusing:
    """Notes the recipes of the runs that it is to start, and starts none."""

    def __init__(self):
        self.recipes = []

    def start(self, task, sources, is_bound):
        self.recipes.append(task.recipe)
        raise ValueError("enough")


@pytest.mark.parametrize("experiment", [*EXPERIMENTS, CHANGED], ids=lambda e: e.name)
def test_an_experiment_s_name_is_what_train_takes_for_it(home, monkeypatch, experiment):
    jobs = Refusing()
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: jobs)
    main(["train", *experiment.name.split()])
    assert jobs.recipes == [experiment.recipe]


def test_an_experiment_is_its_base_but_for_its_changes():
    changes = {"normalise": False, "augment": True, "epochs": 7, "batch_size": 64}
    assert CHANGED.recipe == replace(RECIPES["tiny"], **changes)
    assert CHANGED.name == "tiny --no-normalise --augment --epochs 7 --batch-size 64"


def test_no_two_experiments_are_the_same():
    assert len({experiment.name for experiment in EXPERIMENTS}) == len(EXPERIMENTS)


def test_every_claim_is_of_a_figure_that_can_be_told():
    assert FIGURES.keys() == OURS.keys()
    for experiment in EXPERIMENTS:
        assert experiment.claims
        for claim in experiment.claims:
            assert claim.figure in FIGURES
            if "accuracy" in claim.figure:
                assert claim.theirs is None or 0 < claim.theirs < 1


@pytest.mark.parametrize(
    ("name", "figure", "theirs"),
    [
        ("mlp-128", "test accuracy", 0.975),
        ("mlp-128-128", "test accuracy", 0.974),
        ("cnn-28", "test accuracy", 0.984),
        ("mlp-512", "test accuracy", 0.979),
        ("mlp-512", "test loss", 0.0700),
        ("tiny-raw", "training accuracy", 0.66),
        ("tiny", "training accuracy", 0.86),
        ("tiny-lr", "training accuracy", 0.88),
        ("mlp-10-10", "training accuracy", 0.95),
        ("mlp-10-10", "validation accuracy", 0.93),
    ],
)
def test_the_figures_that_were_asked_for_are_compared(name, figure, theirs):
    (experiment,) = (experiment for experiment in EXPERIMENTS if experiment.name == name)
    (claim,) = (claim for claim in experiment.claims if claim.figure == figure)
    assert claim.theirs == pytest.approx(theirs, abs=5e-4)


def test_every_recipe_of_the_tutorials_is_tried():
    tutorial = {name for name, recipe in RECIPES.items() if not recipe.calibrated}
    assert set(tutorials.names()) == tutorial
    assert {experiment.tutorial for experiment in EXPERIMENTS} == {f"00{i}" for i in range(5)}


def test_experiments_are_chosen_by_their_recipes_and_without_a_word_all():
    assert tutorials.chosen([]) == list(EXPERIMENTS)
    names = [experiment.name for experiment in tutorials.chosen(["tiny", "mlp-128-128"])]
    assert names == [
        "mlp-128-128",
        "mlp-128-128 --no-normalise",
        "tiny",
        "tiny --optimizer sgd",
        "tiny --epochs 200",
    ]


@pytest.mark.parametrize("recipe", ["nothing", "cnn", "", "tiny --epochs 200"])
def test_a_recipe_of_no_tutorial_is_refused_with_those_there_are(recipe):
    with pytest.raises(ValueError, match="No tutorial has a recipe .*: take mlp-128, .*mlp-512"):
        tutorials.chosen(["tiny", recipe])


@pytest.mark.parametrize("figure", FIGURES)
def test_a_row_sets_our_figure_beside_theirs(figure):
    experiment = Experiment("009", "tiny", [Claim(figure, 0.5)], changes={"epochs": 7})
    slower = replace(CARD, seconds=15.0)
    assert tutorials.rows(experiment, [CARD, slower]) == [
        {
            "tutorial": "009",
            "recipe": "tiny --epochs 7",
            "figure": figure,
            "theirs": 0.5,
            "ours": [OURS[figure], OURS[figure]],
            "seconds": pytest.approx(13.8),
        }
    ]


def test_an_experiment_has_a_row_for_each_claim():
    for experiment in EXPERIMENTS:
        rows = tutorials.rows(experiment, [CARD])
        assert [(row["figure"], row["theirs"]) for row in rows] == [
            (claim.figure, claim.theirs) for claim in experiment.claims
        ]


def test_a_table_is_markdown_with_losses_as_numbers_and_accuracies_in_percent():
    claims = [Claim("test accuracy", 0.984), Claim("test loss", 0.07), Claim("test loss", None)]
    rows = tutorials.rows(Experiment("009", "tiny", claims, {"epochs": 7}), [CARD])
    assert [*tutorials.HEAD.splitlines(), *map(tutorials.line, rows)] == [
        "| tutorial | recipe | | the tutorial's | ours | time |",
        "|---|---|---|---|---|---|",
        "| 009 | `tiny --epochs 7` | test accuracy | 98.4 % | 97.5 % | 13 s |",
        "| 009 | `tiny --epochs 7` | test loss | 0.0700 | 0.0825 | 13 s |",
        "| 009 | `tiny --epochs 7` | test loss | none given | 0.0825 | 13 s |",
    ]


def test_a_whole_table_has_as_many_cells_in_every_line():
    every = [row for experiment in EXPERIMENTS for row in tutorials.rows(experiment, [CARD])]
    lines = [*tutorials.HEAD.splitlines(), *map(tutorials.line, every)]
    assert {line.count("|") for line in lines} == {7}


def test_of_several_seeds_the_table_tells_the_median_the_lowest_and_the_highest():
    cards = [
        replace(CARD, metrics={"test": {"accuracy": accuracy, "loss": loss}}, seconds=seconds)
        for accuracy, loss, seconds in ((0.98, 0.3, 10), (0.5, 0.1, 20), (0.99, 0.2, 60))
    ]
    claims = [Claim("test accuracy", 0.984), Claim("test loss", 0.07)]
    rows = tutorials.rows(Experiment("009", "tiny", claims), cards)
    assert [row["ours"] for row in rows] == [[0.98, 0.5, 0.99], [0.3, 0.1, 0.2]]
    accuracy, loss = map(tutorials.line, rows)
    assert "98.0 % (50.0 % to 99.0 %) | 30 s |" in accuracy
    assert "0.2000 (0.1000 to 0.3000) | 30 s |" in loss
