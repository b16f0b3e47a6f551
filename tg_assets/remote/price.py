"""What models elsewhere cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """Money for 1,000 tokens, in an ISO 4217 currency; nothing for what runs here."""

    per_1000_tokens: float = 0.0
    currency: str = "USD"

    def of(self, tokens: int) -> dict[str, float]:
        """What tokens cost, by currency; empty when they cost nothing."""
        money = tokens / 1000 * self.per_1000_tokens
        return {self.currency: money} if money else {}


def said(money: dict[str, float]) -> str:
    """Sums as people read them: ``1.20 EUR, 14.00 RUB``; ``nothing`` when there are none."""
    return ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(money.items())) or "nothing"
