"""Members that AWS keeps and moto drops: kept here, and put into what is described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .hooks import AFTER, Context

#: Takes a member away, in an update.
Clears = dict[str, Any]


class Echo:
    """Keeps `members` of a service's things.

    `create`, `update` and `describe` name operations; `identity` finds the thing's name in the input of the first two,
    `items` finds the things in the output of the last, each with its name. `rename` is for members that the output
    calls otherwise; with `reset` an update that leaves a member out sets it back to its default.
    """

    def __init__(
        self,
        service: str,
        *,
        create: str,
        describe: str,
        members: Iterable[str],
        identity: Callable[[dict[str, Any], dict[str, Any]], str],
        items: Callable[[dict[str, Any]], Iterable[tuple[str, dict[str, Any]]]],
        update: str | None = None,
        clears: Clears | None = None,
        reset: bool = False,
        defaults: dict[str, Any] | None = None,
        rename: dict[str, str] | None = None,
    ):
        self.name = f"echo {service} {create}"
        self.members, self.identity, self.items = tuple(members), identity, items
        self.clears, self.defaults, self.reset = clears or {}, defaults or {}, reset
        self.rename = rename or {}
        AFTER[service, create].append(self._created)
        AFTER[service, describe].append(self._described)
        if update is not None:
            AFTER[service, update].append(self._updated)

    def kept(self, ctx: Context, ident: str) -> dict[str, Any]:
        """What is kept of `ident`."""
        return ctx.store(self.name).setdefault(ident, dict(self.defaults))

    def _created(self, ctx: Context, output: dict[str, Any]) -> None:
        ctx.store(self.name).pop(self.identity(ctx.params, output), None)
        self._take(ctx, output)

    def _updated(self, ctx: Context, output: dict[str, Any]) -> None:
        # Where AWS takes an update for the whole, what it leaves out goes back to its default.
        if self.reset:
            self._created(ctx, output)
        else:
            self._take(ctx, output)

    def _take(self, ctx: Context, output: dict[str, Any]) -> None:
        kept = self.kept(ctx, self.identity(ctx.params, output))
        for member in self.members:
            if member not in ctx.params:
                continue
            value, shown = ctx.params[member], self.rename.get(member, member)
            if member in self.clears and value == self.clears[member]:
                kept.pop(shown, None)
            else:
                kept[shown] = value

    def _described(self, ctx: Context, output: dict[str, Any]) -> None:
        for ident, item in self.items(output):
            item.update(self.kept(ctx, ident))
