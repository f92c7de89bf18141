"""What an app may cost in a month, and what happens once it has (convox-facts 2.6, 2.9, 7)."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = "block-new-deploys"


@dataclass(frozen=True, slots=True)
class Budget:
    """US dollars. Nothing here measures a cost: whoever sets a budget says what is spent.

    Only the action that blocks is modelled; another one lets promotes pass, and shuts nothing down.
    """

    cap_usd: float
    spent_usd: float
    action: str = BLOCK

    @property
    def is_at_cap(self) -> bool:
        return self.spent_usd >= self.cap_usd

    @property
    def blocks(self) -> bool:
        """Is a promote refused."""
        return self.is_at_cap and self.action == BLOCK
