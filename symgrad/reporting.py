"""What is said of a sheet that was judged: a claim for each line, and the findings with their words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import names
from symgrad import syntax as sx
from symgrad.allowance import OVER
from symgrad.comparison import are_two_entries
from symgrad.conditions import is_conditional
from symgrad.confirmation import confirmed
from symgrad.constant import is_numeric
from symgrad.counts import counted
from symgrad.descents import descended
from symgrad.differenced import differenced
from symgrad.dims import Dim, show
from symgrad.errors import SymgradError
from symgrad.findings import BY_CAUSE, BY_CODE
from symgrad.judge import Judge
from symgrad.lab import VANISHING
from symgrad.layer_claims import layered
from symgrad.layouts import against_the_others
from symgrad.literals import literal_rows, masked_entries
from symgrad.mistakes import Diagnosis, counterexample, diagnosed, repaired
from symgrad.naming import letters_of
from symgrad.parts import heads, mentions, several_spaces
from symgrad.problems import Problem
from symgrad.raising import raise_form
from symgrad.read.document import Apart, Sheet
from symgrad.ruling import MISFIT, UNKNOWN_NAME, Judged, Ruling, as_written, claim_of, is_charitable
from symgrad.spaces import shape_of_node, space
from symgrad.span import Source, Span
from symgrad.tallies import tallied
from symgrad.typeset import text
from symgrad.undefined import is_about_strangers
from symgrad.verification import Claim, Finding, Verification


def reported(sheet: Sheet, found: list[tuple[Judge, Judged]]) -> Verification:
    """The claims and findings of a sheet."""
    out = Verification(sheet.source)
    for judge, judged in found:
        _report(out, judge, judged)
    for claim, findings in (*counted(sheet), *layered(sheet), *descended(sheet)):
        out.claims.append(claim)
        out.findings += findings
    for ruled in sheet.apart:
        _report_apart(out, ruled)
    out.findings += tallied(sheet, [judge for judge, _ in found])
    if sheet.code is not None:
        out.findings.append(finding("SG103", sheet.code, "code is passed over, here and further down; it is neither run nor judged"))
    out.claims = _one_each([claim for claim in out.claims if claim.span.start < claim.span.end])
    out.findings = [finding for finding in out.findings if finding.span.start < finding.span.end]
    wrong = {f.span.start for f in out.findings if f.severity == "error"}
    # What was read after all, to be called wrong, is not said to be unread as a definition.
    out.findings = [f for f in out.findings if f.code != "SG101" or f.span.start not in wrong]
    decided = {claim.span for claim in out.claims if claim.verdict != "undecided"}
    distinct = {(f.span, f.code): f for f in reversed(out.findings) if f.code != "SG102" or f.span not in decided}
    out.findings = _with_one_end(sorted(distinct.values(), key=lambda f: (f.span.start, f.span.end, f.code)))
    return out


def _report_apart(out: Verification, ruled: Apart) -> None:
    """The claim and the finding of what was judged by itself."""
    claim = Claim(ruled.span, out.source.slice(ruled.span).strip(), ruled.verdict, reason=ruled.reason)
    if ruled.points:
        claim.evidence.append({"method": "exact", "holds": True, "points": ruled.points})
    out.claims.append(claim)
    if ruled.verdict == "fails":
        kind = BY_CAUSE[ruled.cause]
        out.findings.append(Finding(kind.code, "error", ruled.span, ruled.reason, ruled.cause, ruled.suggestion))
    elif ruled.verdict == "undecided":
        out.findings.append(finding("SG102", ruled.span, f"not decided: {ruled.reason}"))


def put_together(source: Source, *of: tuple[Problem, Verification]) -> Verification:
    """What comes out of several problems of a sheet; what holds on for a later one is told once."""
    out = Verification(source)
    out.claims = _one_each([claim for problem, each in of for claim in each.claims if problem.is_own(claim.span)])
    distinct = {(f.span, f.code): f for problem, each in reversed(of) for f in each.findings if problem.is_own(f.span)}
    out.findings = _with_one_end(sorted(distinct.values(), key=lambda f: (f.span.start, f.span.end, f.code)))
    return out


def _with_one_end(findings: list[Finding]) -> list[Finding]:
    """The findings with one for all lines that were not judged because the sheet took too long, at the first of them."""
    late = [f for f in findings if OVER in f.message]
    if not late:
        return findings
    more = f"{late[0].message}, as {len(late) - 1} more do" if len(late) > 1 else late[0].message
    return [replace(f, message=more) if f is late[0] else f for f in findings if f is late[0] or f not in late]


_WORST_FIRST = ("fails", "undecided", "unread", "holds", "given")


def _one_each(claims: list[Claim]) -> list[Claim]:
    """A claim judged for several steps is as good as the worst of them, but for steps beyond the first or the last."""
    by_place: dict[Span, list[Claim]] = {}
    for claim in claims:
        by_place.setdefault(claim.span, []).append(claim)
    kept = []
    for held in by_place.values():
        within = [c for c in held if not c.reason.endswith(UNKNOWN_NAME)] if any(c.verdict == "holds" for c in held) else held
        kept.append(min(within, key=lambda claim: _WORST_FIRST.index(claim.verdict)))
    return sorted(kept, key=lambda claim: (claim.span.start, claim.span.end))


# ── findings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _report(out: Verification, judge: Judge, judged: Judged) -> None:
    """The claims and findings of one part."""
    found = judge.gathered
    source = out.source
    for _, span, reason in found.unread:
        out.claims.append(Claim(span, source.slice(span).strip(), "unread", reason=reason))
        out.findings.append(finding("SG101", span, f"not read: {reason}"))
    for statement in sorted(i for i in found.defining | {i for i, _ in found.declared} if i in found.part.own):
        out.claims.append(_given_claim(judge, statement, out))
    slipped: set[int] = set()
    turned = {id(ruling): diagnosis for ruling, diagnosis in against_the_others(judge, judged.rulings)}
    explained = [
        (r, turned.get(id(r)) or _diagnosis(r.by or judge, r) or _misfit(r.by or judge, r, judged.rulings)) for r in judged.rulings
    ]
    for ruling, diagnosis in confirmed(judge, explained):
        by = ruling.by or judge
        if diagnosis is not None:
            ruling = replace(ruling, verdict="fails")
        claim = claim_of(ruling, found, by.lab)
        out.claims.append(claim)
        if ruling.verdict == "holds":
            out.findings += _held_against_differences(by, ruling, claim)
        out.findings += _findings_of(by, ruling, diagnosis)
        if ruling.verdict == "fails" or (ruling.verdict == "holds" and id(ruling.link.left) in slipped):
            slipped.add(id(ruling.link.right))
            if ruling.verdict == "holds":
                out.findings.append(finding("SG308", ruling.link.right.span, "it follows rightly from the slip before it"))
    out.findings += list(_annotations(judge))
    out.findings += list(_taken_for_granted(judge))


def _taken_for_granted(judge: Judge) -> Iterator[Finding]:
    """Notes on what was assumed of the sheet as a whole, at the first line that it is about."""
    found, assumed = judge.gathered, judge.gathered.vocabulary.assumed
    for i in found.part.own:
        statement = found.sheet.statements[i]
        for name, _ in heads(statement):
            if name in found.part.anew and i in found.defining:
                yield finding("SG313", statement.span, f"{names.text(name)} is given a new meaning here; what follows is judged by it")
    for kind, about in (("SG307", "gradients are rows on this sheet: each has the transposed shape of its variable"),) * assumed.numerator:
        for i in found.part.own:
            if any(isinstance(n, sx.Derivative) for n in sx.walk(found.sheet.statements[i].node)):
                yield finding(kind, found.sheet.statements[i].span, about)
                break
    # Where a letter is declared in several ways, the lines that fit none of them are about a thing of their own.
    undeclared = (n for n in assumed.undeclared if found.vocabulary.declared_at[n] in found.part.own)
    for name in (n for n in undeclared if n not in several_spaces(found.sheet)):
        shape, said = judge.meaning.shape(name), found.sheet.statements[found.vocabulary.declared_at[name]]
        if _is_an_example(said.node, shape):
            continue
        needed = f"; what is computed with it needs {show(shape)}" if shape is not None else ""
        yield finding("SG215", said.span, f"{names.text(name)} does not have this shape{needed}")
    for _, declared in found.declared[:1] if assumed.feature else ():
        yield finding("SG314", declared, "its vectors are taken entry by entry, in formulas that are those of one feature")
    for names_assumed, about in (
        (assumed.distributions, "its entries are taken to sum to one"),
        (assumed.masks, "its entries are taken to be 0 or 1"),
    ):
        for i in found.part.own:
            spoken = set(mentions(found.sheet.statements[i].node)) & names_assumed
            if spoken:
                yield finding(
                    "SG314", found.sheet.statements[i].span, f"{names.text(min(spoken))}: {about}, though the sheet does not say so"
                )
                break


def _is_an_example(said: sx.Node, needed: tuple[Dim, Dim] | None) -> bool:
    """Whether numbers stand for letters in what is needed: `n × 2` of a matrix that is said to be `n × p`."""
    node = said.sides[-1] if isinstance(said, sx.Relation) else said
    stated = space(node) or shape_of_node(node)
    if stated is None or needed is None or stated == needed:
        return False
    return all(a == b or (a.number is None and b.number is not None and b.number > 1) for a, b in zip(stated, needed, strict=True))


def _given_claim(judge: Judge, i: int, out: Verification) -> Claim:
    statement = judge.gathered.sheet.statements[i]
    source = judge.gathered.sheet.source
    written = source.slice(statement.span).strip()
    for definition in judge.gathered.definitions:
        if definition.statement != i:
            continue
        problem = judge.meaning.unread.get(definition.name)
        if problem is not None:
            span = problem.span if problem.span.end else statement.span
            out.findings.append(finding("SG101", span, f"not read: {problem.reason}"))
            return Claim(statement.span, written, "unread", reason=problem.reason)
        own = judge.lab.network.definitions.get(definition.name)
        for note in judge.meaning.notes.get(definition.name, ()):
            out.findings += _note_finding(note.kind, definition.expression.span, note.text, False)
        if own is not None:
            mask = masked_entries(definition.expression)
            about = f"; zero where the mask {mask} is" if mask else ""
            return Claim(statement.span, written, "given", f"{names.text(definition.name)} = {text(judge.lab.as_written(own))}{about}")
    return Claim(statement.span, written, "given")


def finding(code: str, span: Span, message: str, suggestion: str = "", cause: str = "") -> Finding:
    kind = BY_CODE[code]
    return Finding(code, kind.severity, span, message, cause or kind.cause, suggestion)


def _diagnosis(judge: Judge, ruling: Ruling) -> Diagnosis | None:
    """Why a claim is wrong.

    One that was not decided, because a name in it is unknown, is wrong where a small repair makes it an identity.
    """
    if ruling.verdict == "fails":
        return diagnosed(judge, ruling)
    if ruling.link.optimal and ruling.verdict == "undecided" and ruling.pair is not None:
        # An equation for the optimum that is none may rest on something unsaid; one that a small repair mends does not.
        link, pair = ruling.link, ruling.pair
        turned = replace(link, left=link.right, right=link.left)
        mirrored = replace(
            ruling, link=turned, pair=replace(pair, left=pair.right, right=pair.left, left_node=pair.right_node, right_node=pair.left_node)
        )
        found = repaired(judge, ruling, telling=False) or repaired(judge, mirrored, telling=False)
        # Another name for the optimum, which is its estimate for one, mends nothing; nor does a sum over what an equation is for.
        return None if found is None or found.cause in ("unknown", "missing_sum", "stale_value") else found
    if ruling.verdict == "undecided" and is_conditional(judge.gathered.sheet, ruling.link.statement):
        return None  # what is said of a special case is not made right by what holds in general
    if ruling.verdict == "undecided" and ruling.pair is not None and is_about_strangers(ruling.pair, judge.meaning):
        return None  # `A B = B A` of matrices that nothing else speaks of: what is supposed of them, or asked
    if ruling.verdict == "undecided" and ruling.pair is not None and judge.arithmetic.is_known_by_value(ruling.link, ruling.pair):
        return None  # nor the formula, of what has no value yet, for a name that had one
    if ruling.pair is not None and are_two_entries(ruling.pair):
        return None  # `\pi_1 = \pi_2` is not mended by being said of one
    if ruling.reason == VANISHING:
        return None  # nor is what is right already, though both sides are zero
    # Numbers that nothing allows to compute are not made right by leaving out what has no value.
    is_open = ruling.verdict == "undecided" and ((ruling.pair is not None and not is_numeric(ruling.link.right)) or ruling.reason == MISFIT)
    return repaired(judge, ruling) if is_open or _is_by_an_entry(ruling) else None


def _is_by_an_entry(ruling: Ruling) -> bool:
    r"""Whether it is an undecided claim of a slope by `W_{kl}` that speaks of k and l: with the two exchanged it may have no reading."""
    left = ruling.link.left
    if ruling.verdict != "undecided" or not isinstance(left, sx.Derivative) or len(left.wrt) != 1:
        return False
    by = left.wrt[0]
    two = set(letters_of(by.sub) or ()) if isinstance(by, sx.Scripted) else set()
    scripted = (n for n in sx.walk(ruling.link.right) if isinstance(n, sx.Scripted))
    return len(two) == 2 and two <= {letter for n in scripted for letter in letters_of(n.sub) or ()}


def _misfit(judge: Judge, ruling: Ruling, rulings: list[Ruling]) -> Diagnosis | None:
    """Two shapes where one should be are wrong as soon as the shape of every name that is met is sure.

    It is sure where other lines that hold speak of the name, or where it is made of sizes that the sheet declares.
    """
    if ruling.reason != MISFIT or ruling.link.operator == "approx":  # `t \odot (1 - t) \approx 0.1` says it of each entry
        return None
    network, styled = judge.lab.network, judge.meaning.styled
    # That a definition is made for every index of its own, `C_{ij} = w_{j-i}`, says nothing of how many there are.
    counted = {size for item in network.inputs.values() for dim in item.shape for size in dim.symbols}
    settled = {name for name, d in network.definitions.items() if all(dim.symbols <= counted for dim in d.shape)}
    borne_out = {*settled, *judge.gathered.vocabulary.declared, *judge.gathered.vocabulary.literals}
    for other in (r for r in rulings if r.verdict == "holds" and r.link.statement != ruling.link.statement):
        borne_out |= {name for side in (other.link.left, other.link.right) for name in mentions(side, styled)}
    sizes = {size for shape in judge.gathered.vocabulary.declared.values() for dim in shape for size in dim.symbols}
    met = {name for side in (ruling.link.left, ruling.link.right) for name in mentions(side, styled)}
    shapes = [judge.meaning.shape(name) for name in met - borne_out]
    made_of = [{size for dim in shape for size in dim.symbols} if shape is not None else set() for shape in shapes]
    is_sure = all(own and own <= sizes for own in made_of)  # that a letter is one of a number says nothing of what it is here
    return diagnosed(judge, ruling) if is_sure else None


def _findings_of(judge: Judge, ruling: Ruling, diagnosis: Diagnosis | None) -> list[Finding]:
    link = ruling.link
    if diagnosis is not None:
        return [replace(_at_its_row(_of_diagnosis(diagnosis), ruling), example=counterexample(judge, ruling))]
    if ruling.verdict == "unread":
        span = ruling.notes[0].span if ruling.notes else link.span
        return [finding("SG101", span if span.end else link.span, f"not read: {ruling.reason}")]
    if ruling.verdict == "undecided":
        return [finding("SG102", link.span, f"not decided: {ruling.reason}")]
    found = []
    for note in {(n.kind, "" if n.kind == "direct" else n.text): n for n in reversed(ruling.notes)}.values():
        told = _note_finding(note.kind, note.span, note.text, is_numeric(link.left))
        found += [replace(f, suggestion=_conforming(judge, ruling)) if f.code == "SG303" else f for f in told]
    if is_charitable(ruling) and not found:
        found.append(finding("SG312", link.span, "it holds in a reading that is not the plainest one"))
    return found


def _at_its_row(finding: Finding, ruling: Ruling) -> Finding:
    """The finding at the first entry that is wrong, where a matrix of numbers is written over several lines."""
    right, meant = ruling.link.right, as_written(ruling)
    if not isinstance(right, sx.Matrix) or meant is None:
        return finding
    written = literal_rows(right) or ()
    wrong = [(i, j) for i, row in enumerate(written) for j, value in enumerate(row) if value != meant[i][j]]
    return replace(finding, span=right.rows[wrong[0][0]][wrong[0][1]].span) if wrong and wrong[0][0] else finding


def _conforming(judge: Judge, ruling: Ruling) -> str:
    """The right side with the products that were read, where it has a form."""
    try:
        return "" if ruling.pair is None else text(raise_form(ruling.pair.right_node, judge.lab.network.facts))
    except SymgradError:
        return ""


def _note_finding(kind: str, span: Span, about: str, of_numbers: bool) -> list[Finding]:
    if kind == "outer_product":
        return [finding("SG303", span, "as written the factors do not conform; as an outer product they do, and it holds")]
    if kind == "loss_summed":
        return [finding("SG302", span, f"{names.text(about)} is no scalar as written; it is read as the sum over all entries")]
    if kind == "square_as_sum":
        return [finding("SG302", span, "the square of a vector is read as the sum of the squares of its entries")]
    if kind == "drifted":
        name, meant = about.split(" ", 1)
        return [finding("SG309", span, f"{names.text(name)} is defined nowhere; it is read as {names.text(meant)}")]
    if kind == "activation_unwritten":
        found = finding("SG301", span, "it holds once the ReLU is applied, which no line writes; other lines confirm it")
        # Where the product itself is written out, the line as it stands is an equation that does not hold.
        return [replace(found, severity="warning") if of_numbers else found]
    if kind == "unnamed_value":
        return [finding("SG305", span, f"it holds with a result further up that was never named {names.text(about)}")]
    if kind == "direct":
        of, wrt = about.split(" ", 1)
        shown = names.text(names.gradient(of, wrt))
        return [
            finding(
                "SG306", span, f"{shown} and its like are the direct dependence here; as total derivatives they would count paths twice"
            )
        ]
    if kind == "as_meant":
        return [
            finding("SG315", span, f"it holds with the value that {names.text(about)} should have, not with the one written further up")
        ]
    if kind == "rounded":
        return [finding("SG311", span, "the last digit is that of rounded numbers carried on")]
    return []


def _of_diagnosis(diagnosis: Diagnosis) -> Finding:
    kind = BY_CAUSE.get(diagnosis.cause, BY_CAUSE["unknown"])
    return Finding(kind.code, "error", diagnosis.span, diagnosis.message, diagnosis.cause, diagnosis.suggestion)


def _annotations(judge: Judge) -> Iterator[Finding]:
    """Row counts written at the left of a matrix."""
    for i in judge.gathered.part.own:
        for node in sx.walk(judge.gathered.sheet.statements[i].node):
            if isinstance(node, sx.Prescripted) and isinstance(node.sub, sx.Number) and node.sub.text.isdigit():
                rows = literal_rows(node.base)
                if rows is not None and len(rows) != int(node.sub.text):
                    count = f"{len(rows)} row{'s' if len(rows) > 1 else ''}"
                    yield finding("SG304", node.span, f"annotated {node.sub.text}, but the matrix has {count}", f"{len(rows)}")


def _held_against_differences(judge: Judge, ruling: Ruling, claim: Claim) -> Iterator[Finding]:
    """A derivative that holds is also held against finite differences; where they disagree nothing is decided."""
    evidence = None if judge.gathered.sheet.allowance.is_spent else differenced(judge, ruling)
    if evidence is None:
        return
    claim.evidence.append(evidence)
    if not evidence["holds"]:
        claim.verdict, claim.reason = "undecided", "finite differences of the loss do not confirm it"
        yield finding("SG102", claim.span, f"not decided: {claim.reason}")
