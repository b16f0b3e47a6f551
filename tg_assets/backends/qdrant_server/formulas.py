"""Score formulas of Qdrant's REST interface (``query.formula``) as the engine's expressions."""

from typing import Any

import qdrant_edge as engine

from tg_assets.backends.qdrant_server.errors import unsupported
from tg_assets.backends.qdrant_server.filters import Json, to_condition

E = engine.Expression
LISTS = {"mult": E.Mult, "sum": E.Sum, "max": E.Max, "min": E.Min}
SINGLES = {"neg": E.Neg, "sqrt": E.Sqrt, "exp": E.Exp, "log10": E.Log10, "ln": E.Ln, "abs": E.Abs}
DECAYS = {
    "lin_decay": engine.DecayKind.Lin,
    "gauss_decay": engine.DecayKind.Gauss,
    "exp_decay": engine.DecayKind.Exp,
}


def to_formula(query: Json) -> engine.Formula:
    """``{"formula": …, "defaults": {…}}``."""
    return engine.Formula(_expression(query["formula"]), query.get("defaults") or {})


def _expression(body: Any) -> Any:
    if isinstance(body, (int, float)) and not isinstance(body, bool):
        return E.Constant(float(body))
    if isinstance(body, str):
        return E.Variable(body)
    for name, value in body.items():
        if name in LISTS:
            return LISTS[name]([_expression(item) for item in value])
        if name in SINGLES:
            return SINGLES[name](_expression(value))
        if name in DECAYS:
            target = value.get("target")
            return E.Decay(
                DECAYS[name],
                _expression(value["x"]),
                None if target is None else _expression(target),
                value.get("midpoint"),
                value.get("scale"),
            )
        if name == "div":
            return E.Div(_expression(value["left"]), _expression(value["right"]), value.get("by_zero_default"))
        if name == "pow":
            return E.Pow(_expression(value["base"]), _expression(value["exponent"]))
        if name == "datetime":
            return E.Datetime(value)
        if name == "datetime_key":
            return E.DatetimeKey(value)
        if name in ("key", "match", "range", "must", "should", "must_not", "is_empty", "is_null", "has_id"):
            return E.Condition(to_condition(body))
    raise unsupported(f"the expression {sorted(body)}")
