"""How this project writes figures, on its pages and in the shell."""


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1 in words, such as "99.3 %", to so many digits after the point."""
    return f"{share * 100:.{digits}f} %"
