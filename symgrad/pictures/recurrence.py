"""A recurrent network written out: time from left to right, one column a step, what a step computes from the bottom up.

A family is what a name stands for at every step (h_1, h_2, …). The network is recurrent when a family depends on itself one
step before and a parameter is shared by steps. What has no step stands before, behind or above the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor

from symgrad import names
from symgrad.network import Network
from symgrad.pictures.picture import HEIGHT, MORE, Label, Link, Node, Picture

_MOST_STEPS = 10
_MOST_NODES = 40
_FIRST = 3
_BESIDE = 1.7
_ABOVE = 2.0
_STEEPER = 0.9
_HIGHER = 0.6
_ARROW = 2.4


@dataclass(frozen=True)
class _Grid:
    """For every node its column (None for one without a step) and its family; for every family its level, a fraction of it for those
    that go on side by side."""

    column: list[int | None]
    family: list[str]
    level: dict[str, float]


def recurrence(network: Network, nodes: Sequence[Node], links: Sequence[Link]) -> Picture | None:
    """The picture of a recurrent network, None when it is not one."""
    grid = _grid(network, nodes, links)
    if grid is None:
        return None
    columns = sorted({c for c in grid.column if c is not None})
    kept, omitted = columns, ""
    if len(columns) > _MOST_STEPS or len(nodes) > _MOST_NODES:
        kept = [*columns[:_FIRST], columns[-1]]
        gone = columns[_FIRST:-1]
        if len(gone) > 1:
            computed = {grid.column[i] for i, node in enumerate(nodes) if node.role in ("definition", "loss")}
            omitted = f"{len(gone)} of {len(computed - {None})} steps"
    if not omitted:
        return _arranged(network.title, nodes, links, grid, "")
    shown, lines, smaller = _summary(nodes, links, grid, kept)
    return _arranged(network.title, shown, lines, smaller, omitted)


def _grid(network: Network, nodes: Sequence[Node], links: Sequence[Link]) -> _Grid | None:
    found = [names.step_index(node.name) if node.role not in ("parameter", "mask") else None for node in nodes]
    family = [f[0] if f else node.name for f, node in zip(found, nodes, strict=True)]
    steps = [f[1] if f else None for f in found]
    computed = {family[i] for i, node in enumerate(nodes) if steps[i] is not None and node.role in ("definition", "loss")}
    long = {name for name in computed if sum(f == name for f in family) > 1}
    column: list[int | None] = [step if name in long else None for step, name in zip(steps, family, strict=True)]
    for i, node in enumerate(nodes):
        users = [column[link.end] for link in links if link.start == i]
        if steps[i] is not None and node.role in ("data", "input", "mask") and steps[i] in users and column[i] is None:
            column[i] = steps[i]
    if not _is_recurrent(links, family, column) or not _shares(network, nodes, column):
        return None
    group = _groups(links, family, column)
    follow = _one_after_another(group, family, column)
    column = [None if c is None else c + follow[name] for c, name in zip(column, family, strict=True)]
    for i, node in enumerate(nodes):
        if node.role in ("parameter", "mask"):
            user = next(link.end for link in links if link.start == i)
            column[i] = column[user]
            if column[user] is not None:
                group.setdefault(node.name, group[family[user]])
    level = _levels(links, family, column)
    return None if level is None else _Grid(column, family, _settled(links, family, column, level, group))


def _groups(links: Sequence[Link], family: list[str], column: list[int | None]) -> dict[str, str]:
    """For every family with columns the recurrence that it belongs to, by one of its families."""
    group = {name: name for name, c in zip(family, column, strict=True) if c is not None}
    for link, by in _step(links, column):
        one, other = group[family[link.start]], group[family[link.end]]
        if abs(by) < 2 and one != other:
            group = {name: one if held == other else held for name, held in group.items()}
    return group


def _one_after_another(group: dict[str, str], family: list[str], column: list[int | None]) -> dict[str, int]:
    """How many columns each family is moved on: a recurrence that another one only starts (a decoder) stands behind it."""
    shift: dict[str, int] = {}
    behind: int | None = None
    for name in dict.fromkeys(name for name in family if name in group):
        if group[name] not in shift:
            members = [c for c, f in zip(column, family, strict=True) if c is not None and group[f] == group[name]]
            shift[group[name]] = 0 if behind is None else behind + 1 - min(members)
            behind = max(members) + shift[group[name]]
    return {name: shift[held] for name, held in group.items()}


def _settled(
    links: Sequence[Link], family: list[str], column: list[int | None], level: dict[str, int], group: dict[str, str]
) -> dict[str, float]:
    """Levels in which states stand in one row: those of one recurrence behind another level with it, those of one level a little
    higher than each other, what is only given not between them."""
    onward = dict.fromkeys(
        family[link.start] for link, by in _step(links, column) if abs(by) == 1 and family[link.start] == family[link.end]
    )
    users = {(family[link.start], family[link.end]) for link, by in _step(links, column) if by == 0}
    computed = {end for _, end in users} | set(onward)
    out: dict[str, float] = dict(level)
    for name in level.keys() - computed:
        if any((level[s], group[s]) == (level[name], group[name]) for s in onward) and (after := [level[b] for a, b in users if a == name]):
            out[name] = min(after)
    first: dict[str, float] = {}
    for name in onward:
        first.setdefault(group[name], out[name])
    out = {name: at - first.get(group[name], 0.0) for name, at in out.items()}
    states = list(onward)
    for k, name in enumerate(states):
        if any(out[name] == out[other] and group[name] == group[other] for other in states[:k]):
            at = out[name]
            out = {f: y + _HIGHER if y > at or f == name else y for f, y in out.items()}
    return out


def _step(links: Sequence[Link], column: list[int | None]) -> Iterable[tuple[Link, int]]:
    """The links between nodes of columns, with how many columns they go on."""
    for link in links:
        start, end = column[link.start], column[link.end]
        if start is not None and end is not None:
            yield link, end - start


def _is_recurrent(links: Sequence[Link], family: list[str], column: list[int | None]) -> bool:
    """Some family reaches itself one column on, twice."""
    within = {(family[link.start], family[link.end]) for link, by in _step(links, column) if by == 0}
    onward: dict[tuple[str, str], int] = {}
    for link, by in _step(links, column):
        if abs(by) == 1:
            pair = family[link.start], family[link.end]
            onward[pair] = onward.get(pair, 0) + 1
    for (start, end), count in onward.items():
        reached, waiting = {end}, [end]
        while waiting:
            last = waiting.pop()
            new = {b for a, b in within if a == last} - reached
            reached |= new
            waiting += new
        if start in reached and count > 1:
            return True
    return False


def _shares(network: Network, nodes: Sequence[Node], column: list[int | None]) -> bool:
    """Whether some parameter or other input is used in two columns."""
    at = {node.name: c for node, c in zip(nodes, column, strict=True)}
    return any(
        len({at.get(user) for user in network.uses[name]} - {None}) > 1
        for name, item in network.inputs.items()
        if item.role == "parameter" or (item.role == "input" and at.get(name) is None)
    )


def _levels(links: Sequence[Link], family: list[str], column: list[int | None]) -> dict[str, int] | None:
    """How high a family stands in its column: above all that it uses at the same step. None when that has no end."""
    within = {(family[link.start], family[link.end]) for link, by in _step(links, column) if by == 0}
    members = {name for name, c in zip(family, column, strict=True) if c is not None}
    level = dict.fromkeys(sorted(members), 0)
    for _ in range(len(members) + 1):
        new = {name: max((level[a] + 1 for a, b in within if b == name), default=0) for name in level}
        if new == level:
            break
        level = new
    else:
        return None
    used_within = {b for _, b in within}
    for name in level:
        users = [level[b] for a, b in within if a == name]
        if users and name not in used_within:
            level[name] = min(users) - 1
    return level


def _summary(nodes: Sequence[Node], links: Sequence[Link], grid: _Grid, kept: Sequence[int]) -> tuple[list[Node], list[Link], _Grid]:
    """The nodes of the kept steps; those between are one node for each family that goes on, or is collected."""
    shown: list[Node] = []
    column: list[int | None] = []
    family: list[str] = []
    place: dict[int, int] = {}
    dots: dict[str, int] = {}
    between = kept[-2] + 1
    onward = {grid.family[link.start] for link, by in _step(links, grid.column) if by} | _met_outside(links, grid)
    for i, node in enumerate(nodes):
        at = grid.column[i]
        name = grid.family[i]
        if at is not None and at not in kept:
            if name in onward and name not in dots:
                dots[name] = len(shown)
                shown.append(Node(MORE, "more", Label(r"\cdots", "⋯")))
                column.append(between)
                family.append(name)
            if name in dots:
                place[i] = dots[name]
            continue
        users = [link.end for link in links if link.start == i]
        if at is None and users and all(u not in place and grid.column[u] is not None and grid.column[u] not in kept for u in users):
            continue
        place[i] = len(shown)
        shown.append(node)
        column.append(None if at is None else kept.index(at) + kept[0] if at != kept[-1] else between + 1)
        family.append(name)
    lines: dict[tuple[int, int], Link] = {}
    for link in links:
        if link.start in place and link.end in place:
            start, end = place[link.start], place[link.end]
            middle = shown[start].role == "more" and shown[end].role == "more"
            if start != end and not middle:
                lines.setdefault((start, end), replace(link, start=start, end=end))
    return shown, list(lines.values()), _Grid(column, family, grid.level)


def _met_outside(links: Sequence[Link], grid: _Grid) -> set[str]:
    """The families of which something without a step uses or makes several members: the losses that are summed."""
    met: dict[tuple[str, int], int] = {}
    for link in links:
        for inside, outside in ((link.start, link.end), (link.end, link.start)):
            if grid.column[inside] is not None and grid.column[outside] is None:
                key = grid.family[inside], outside
                met[key] = met.get(key, 0) + 1
    return {family for (family, _), count in met.items() if count > 1}


def _arranged(title: str, nodes: Sequence[Node], links: Sequence[Link], grid: _Grid, omitted: str) -> Picture:
    """Places: columns from left to right; the others before the columns, behind them, or above what they collect."""
    columns = sorted({c for c in grid.column if c is not None})
    apart: dict[int, float] = {}
    label = max((link.label.width for link in links if link.label), default=0.0)
    width, most = 0.0, 1
    for c in columns:
        inside = [i for i in range(len(nodes)) if grid.column[i] == c]
        for level in sorted({floor(grid.level[grid.family[i]]) for i in inside}, reverse=True):
            row = [i for i in inside if floor(grid.level[grid.family[i]]) == level]
            row.sort(
                key=lambda i: _mean([apart[link.end] for link in links if link.start == i and link.end in apart and link.end in inside])
            )
            at = 0.0
            for i in row:
                apart[i] = at + nodes[i].width / 2
                at += nodes[i].width + _BESIDE
            for i in row:
                apart[i] -= (at - _BESIDE) / 2
            width, most = max(width, at - _BESIDE), max(most, len(row))
    pitch = HEIGHT + _ABOVE + _STEEPER * max(most - 2, 0)
    arrow = max(_ARROW, label + 1.6)
    step = width + arrow
    x: dict[int, float] = {}
    y: dict[int, float] = {}
    for i, at_step in enumerate(grid.column):
        if at_step is not None:
            x[i] = (at_step - columns[0]) * step + apart[i]
            y[i] = -grid.level[grid.family[i]] * pitch
    _outside(nodes, links, grid, x, y, arrow, pitch)
    placed = tuple(replace(node, x=x[i], y=y[i]) for i, node in enumerate(nodes))
    return Picture("recurrence", title, placed, tuple(links), omitted)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _outside(
    nodes: Sequence[Node], links: Sequence[Link], grid: _Grid, x: dict[int, float], y: dict[int, float], arrow: float, pitch: float
) -> None:
    """What has no step. In order of definition: what collects one column stands to the right, what collects several above."""
    right = max(at + nodes[i].width / 2 for i, at in x.items())
    top, bottom = min(y.values()), max(y.values())
    free: list[int] = []
    for i in (i for i in range(len(nodes)) if grid.column[i] is None):
        sources = [link.start for link in links if link.end == i and link.start in x]
        if not sources:
            free.append(i)
        elif len({x[s] for s in sources}) > 1 and any(grid.column[s] is not None for s in sources):
            top -= pitch
            x[i], y[i] = sum(x[s] for s in sources) / len(sources), top
        else:
            last = max(sources, key=lambda s: x[s])
            x[i], y[i] = right + arrow + nodes[i].width / 2, y[last]
            right = x[i] + nodes[i].width / 2
    _before(nodes, links, grid, x, y, free, arrow, pitch, bottom)


def _before(
    nodes: Sequence[Node],
    links: Sequence[Link],
    grid: _Grid,
    x: dict[int, float],
    y: dict[int, float],
    free: Sequence[int],
    arrow: float,
    pitch: float,
    bottom: float,
) -> None:
    """What the columns are computed from stands below them; a start to the left of its row; a target below what uses it."""
    left = min(x.values())
    for i in reversed(free):
        users = [link.end for link in links if link.start == i and link.end in x]
        if not users:
            x[i], y[i] = left - arrow - nodes[i].width, bottom
            continue
        if nodes[i].role in ("parameter", "mask"):
            x[i], y[i] = x[users[0]], y[users[0]] + pitch
            continue
        mean = sum(x[u] for u in users) / len(users)
        first = min(users, key=lambda u: x[u])
        beside = x[first] - arrow - (nodes[first].width + nodes[i].width) / 2, y[first]
        follows = grid.column[first] is None and grid.family[first] in {nodes[f].name for f in free}
        begins = grid.column[first] is not None and beside[0] <= left and not _taken(x, y, *beside)
        if len({grid.column[u] for u in users}) > 1:
            x[i], y[i] = mean, max(bottom, *(y[u] for u in users)) + pitch
        elif follows or begins:
            x[i], y[i] = beside
        else:
            x[i], y[i] = x[first], y[first] + pitch
            while _taken(x, y, x[i], y[i], i):
                x[i] += HEIGHT + _BESIDE


def _taken(x: dict[int, float], y: dict[int, float], at: float, row: float, but: int = -1) -> bool:
    return any(k != but and abs(x[k] - at) < HEIGHT and abs(y[k] - row) < HEIGHT for k in x if k in y)
