"""Amounts of money, exact."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import attrs

_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DECIMALS = {currency: decimals for decimals, codes in _BY_DECIMALS.items() for currency in codes.split()}
"""Digits after the point (ISO 4217); every other currency has two."""
_TEXT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3})")


@attrs.frozen
class Money:
    """An amount in minor units (cents) of one currency, written `"1000000 USD"` in JSON and in packs.

    Comparing amounts of two currencies raises ValueError.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: int | str | Decimal, currency: str) -> Money:
        """Make an amount from major units: `Money.of(1_000_000, "USD")`. Raises ValueError."""
        return cls.parse(f"{amount} {currency}")

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `"1500000 USD"` or `"12.50 USD"`. Raises ValueError for any other text, and for too many decimals."""
        match = _TEXT.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not an amount such as '1000000 USD'")
        try:
            minor = Decimal(match[1]).scaleb(DECIMALS.get(match[2], 2))
        except InvalidOperation:
            minor = Decimal("0.1")
        if minor != minor.to_integral_value():
            raise ValueError(f"{text!r} has more decimals than {match[2]} has")
        return cls(int(minor), match[2])

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are of two currencies")
        return other.minor

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __str__(self) -> str:
        decimals = DECIMALS.get(self.currency, 2)
        whole, rest = divmod(self.minor, 10**decimals)
        if not rest:
            return f"{whole} {self.currency}"
        return f"{Decimal(self.minor).scaleb(-decimals):f} {self.currency}"
