"""How this project writes figures, on its pages and in the shell."""


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 in words, such as "99.3 %", to so many digits after the point."""
    return f"{share * 100:.{digits}f} %"


def certainty(probability: float) -> str:
    """A probability in words. It is never 100.0 %: no network is that sure."""
    return "over 99.9 %" if probability > 0.999 else percent(probability)


def duration(seconds: float) -> str:
    """A time that is not known more exactly: "40 s", "3 minutes"."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    return f"{seconds / 60:.0f} minutes"
