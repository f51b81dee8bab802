"""The game of two minutes: which digit is asked when, and what counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.app.game import EACH, LEAST, SECONDS, Game
from digitcanvas.data.store import NO_DIGIT

START = 1000.0


@pytest.fixture
def game():
    return Game(START, seed=1)


def other_than(digit):
    return (digit + 1) % 10


def play(game, rounds):
    """Let that many more digits be asked, each for as long as it may be."""
    times = [START + EACH * number for number in range(rounds + 1)]
    for now in times[1:]:
        game.advance(now, people=0)
    return times


def test_each_digit_is_asked_for_its_time_until_the_two_minutes_are_over(game):
    for step in range(2 * int(SECONDS) + 20):
        now = START + step / 2
        game.advance(now, people=5)
        assert len(game.digits) == min(int((now - START) // EACH) + 1, int(SECONDS / EACH))
        assert game.is_over(now) == (now >= START + SECONDS)


@given(st.integers(0, 10**6))
def test_all_ten_come_before_one_comes_again_and_none_twice_in_a_row(seed):
    game = Game(START, seed)
    play(game, 19)
    assert sorted(game.digits[:10]) == sorted(game.digits[10:]) == list(range(10))
    assert all(one != next_one for one, next_one in zip(game.digits, game.digits[1:], strict=False))


def test_the_next_is_asked_once_everyone_has_drawn_this_one(game):
    for number, player in enumerate("ab"):
        game.count(number, player, 3, START + 1)
    game.advance(START + LEAST - 0.1, people=2)
    assert len(game.digits) == 1, "everyone needs time to read it"
    game.advance(START + LEAST, people=3)
    assert len(game.digits) == 1, "somebody still draws"
    game.advance(START + LEAST, people=2)
    assert len(game.digits) == 2


def test_it_counts_who_is_read_and_who_fools_it(game):
    (asked,) = game.digits
    for number, said in enumerate([asked, asked, other_than(asked), NO_DIGIT]):
        game.count(number, f"p{number}", said, START + 1)
    assert game.tally() == game.tally(0) == (2, 1)
    assert [(score.read, score.fooled) for score in game.scores()] == [
        (1, 0),
        (1, 0),
        (0, 1),
        (0, 0),
    ]


def test_a_drawing_counts_for_the_digit_that_was_asked_when_it_began(game):
    times = play(game, 2)
    first, second, third = game.digits
    game.count(1, "late", first, times[1] - 0.1)
    game.count(2, "early", second, times[1])
    game.count(3, "now", second, times[2] + 1)
    assert [game.tally(place) for place in range(3)] == [(1, 0), (1, 0), (0, 1)]
    assert game.tally() == (2, 1)
    assert third != second


@pytest.mark.parametrize("began", [START - 0.1, START + SECONDS])
def test_what_began_before_or_after_the_game_does_not_count(game, began):
    game.count(1, "somebody", 3, began)
    assert game.tally() == (0, 0) and not game.scores()


def test_a_drawing_that_goes_on_counts_once_for_its_own_round(game):
    (asked,) = game.digits
    game.count(1, "a", other_than(asked), START + 1)
    play(game, 1)
    game.count(1, "a", asked, START + EACH + 1)
    assert game.tally(0) == (1, 0) and game.tally(1) == (0, 0)


def test_of_two_drawings_of_a_digit_the_last_counts(game):
    (asked,) = game.digits
    game.count(7, "a", other_than(asked), START + 1)
    game.count(8, "a", asked, START + 3)
    assert game.tally() == (1, 0)
    game.forget(8)
    assert game.tally() == (0, 1)
    game.forget(8)
    game.count(8, "a", asked, START + 3)  # somebody goes on drawing it
    assert game.tally() == (0, 1)
    game.forget(7)
    assert game.tally() == (0, 0) and not game.scores()


def test_the_best_come_first(game):
    for place in range(3):
        asked = game.digits[place]
        said = {"best": asked, "fool": other_than(asked), "second": NO_DIGIT}
        if place:
            said["second"] = asked
        for number, (player, digit) in enumerate(said.items()):
            game.count(10 * place + number, player, digit, START + EACH * place + 1)
        game.advance(START + EACH * (place + 1), people=0)
    table = [(score.player, score.read, score.fooled) for score in game.scores()]
    assert table == [("best", 3, 0), ("second", 2, 0), ("fool", 0, 3)]


counted = st.tuples(
    st.integers(1, 30), st.sampled_from("abc"), st.integers(0, 10), st.floats(-10, SECONDS + 10)
)


@given(st.lists(counted), st.integers(0, 19))
def test_the_scores_add_up_to_the_tally(drawings, rounds):
    game = Game(START, seed=2)
    play(game, rounds)
    for drawing, player, said, began in drawings:
        game.count(drawing, player, said, START + began)
    scores = game.scores()
    assert game.tally() == (sum(s.read for s in scores), sum(s.fooled for s in scores))
    parts = [game.tally(place) for place in range(rounds + 1)]
    assert game.tally() == tuple(map(sum, zip(*parts, strict=True)))
    assert len({score.player for score in scores}) == len(scores)
