"""What a case says of other engines than its own: what differs there, as a JSON merge patch (RFC 7396)."""
import copy

import case as cases


def patch(before, after):
    """What makes the object `after` of `before`: member by member, but arrays whole; null takes a member away."""
    out = {key: None for key in before if key not in after}
    for key, value in after.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            inner = patch(before[key], value)
            if inner:
                out[key] = inner
        elif key not in before or before[key] != value:
            out[key] = value
    return out


def members_of(before, after):
    """Of objects those members that others have: not of every case all was recorded."""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [members_of(b, a) for b, a in zip(before, after)]
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return {key: members_of(before[key], after[key]) for key in before if key in after}


def difference(case, recorded):
    """What another engine said otherwise. A refusal is one in other words, too, and so is an end by itself."""
    before, after = copy.deepcopy(cases.said(case)), copy.deepcopy(cases.said(recorded))
    if before.keys() & after.keys() & {"refusal", "aborts"}:
        return {}
    if "expected" in before and "expected" in after:
        after = members_of(before, after)
        for expected in before["expected"], after["expected"]:
            expected.pop("basis", None)  # how it was recorded, no number of the engine's
    return patch(before, after)


def knows_architecture(recorded):
    return "unknown model architecture" not in recorded.get("refusal", "")


def with_recorded(case, name, recorded, always=False):
    """The case with what the engine NAME said of it. Of another engine than its own only what differs is kept, that
    nothing does only if `always`, and nothing if it does not know the architecture."""
    if cases.own_engine(case) == name:
        return {**cases.asked(case), **cases.said(recorded), **({"also": case["also"]} if "also" in case else {})}
    if not knows_architecture(recorded):
        return case
    differences = difference(case, recorded)
    also = {**case.get("also", {}), name: differences}
    if not differences and not always:
        del also[name]
    out = {key: value for key, value in case.items() if key != "also"}
    return {**out, "also": dict(sorted(also.items()))} if also else out
