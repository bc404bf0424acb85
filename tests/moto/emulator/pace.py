"""Things that take their time: on AWS most do, on moto none does.

In the slow mode (`/clefctl-test/<account>/slow`) a thing is described so many times in its intermediate state before it
reaches the final one; in the instant mode it gets there at once. A failure that a test has ordered (`fail`) ends the
next thing of its type badly, in either mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .hooks import Context


@dataclass
class Transition:
    """A thing on its way: `left` more describes see the intermediate state."""

    left: int
    failure: dict[str, Any] | None = None
    #: What was last seen of a thing that moto has forgotten already.
    ghost: dict[str, Any] | None = None

    @property
    def underway(self) -> bool:
        """Whether it has still to arrive."""
        return self.left > 0


def begin(ctx: Context, kind: str, ident: str, ghost: dict[str, Any] | None = None) -> Transition | None:
    """Starts the way of `ident`; none when it arrives at once."""
    failures = ctx.account.failures[kind]
    failure = failures.pop(0) if failures else None
    if ctx.account.slow == 0 and failure is None:
        ctx.store("pace").pop((kind, ident), None)
        return None
    transition = Transition(ctx.account.slow, failure, ghost)
    ctx.store("pace")[kind, ident] = transition
    return transition


def look(ctx: Context, kind: str, ident: str) -> Transition | None:
    """One describe of `ident`: the way it is on, or has ended badly on; none when it has arrived well."""
    transition = peek(ctx, kind, ident)
    if transition is None:
        return None
    if transition.left > 0:
        transition.left -= 1
        return Transition(transition.left + 1, transition.failure, transition.ghost)
    if transition.failure is None:
        ctx.store("pace").pop((kind, ident), None)
        return None
    return transition


def peek(ctx: Context, kind: str, ident: str) -> Transition | None:
    """The way `ident` is on, without counting."""
    return ctx.store("pace").get((kind, ident))


def busy(ctx: Context, kind: str, ident: str) -> bool:
    """Whether `ident` is still on its way, without counting."""
    transition = peek(ctx, kind, ident)
    return transition is not None and transition.underway


def of(ctx: Context, kind: str) -> list[str]:
    """All things of a kind that are on their way."""
    return [ident for named, ident in ctx.store("pace") if named == kind]
