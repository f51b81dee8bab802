import numpy as np

from digitcanvas.charts import probability_chart


def test_ten_bars_in_percent_on_fixed_axes_and_the_top_one_stands_out():
    probabilities = np.full(10, 0.05)
    probabilities[7] = 0.55
    figure = probability_chart(probabilities)
    (bars,) = figure.data
    assert list(bars.x) == list(range(10))
    np.testing.assert_allclose(bars.y, probabilities * 100)
    colours = list(bars.marker.color)
    assert [digit for digit in range(10) if colours.count(colours[digit]) == 1] == [7]
    assert tuple(figure.layout.yaxis.range) == (0, 100)
    assert figure.layout.xaxis.fixedrange and figure.layout.yaxis.fixedrange


def test_no_bar_stands_out_in_what_is_no_digit():
    probabilities = np.full(10, 0.05)
    probabilities[7] = 0.55
    figure = probability_chart(probabilities, rejected=True)
    (bars,) = figure.data
    np.testing.assert_allclose(bars.y, probabilities * 100)
    assert len(set(bars.marker.color)) == 1
    assert figure.layout.yaxis.title.text == "if it were a digit"
    assert probability_chart(probabilities).layout.yaxis.title.text == "probability"
