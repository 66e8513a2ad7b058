"""Call a command with what was typed, and say what to print: floor 7."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from runner.commands.target import Target
from runner.settings import Settings

__all__ = ["VERBS", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What goes to stdout, the keys of the canonical log line, and what is raised once the text is out."""

    text: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    verdict: Callable[[], None] | None = None


_Verb = Callable[[Target, argparse.Namespace, Settings], Outcome]


def _upgrade(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    from runner.commands.upgrade import upgrade

    return _ran(upgrade(target, values.revision or settings.target, sql=values.sql, tag=values.tag))


def _downgrade(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.downgrade import downgrade

    return _ran(downgrade(target, values.revision, sql=values.sql, tag=values.tag))


def _stamp(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.stamp import stamp

    return _ran(stamp(target, values.revisions, sql=values.sql, tag=values.tag, purge=values.purge))


def _ensure_version(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.ensure_version import ensure_version

    ensure_version(target, sql=values.sql)
    return Outcome()


def _ran(result: Any) -> Outcome:
    from runner.report import run_summary

    return Outcome(keys=run_summary(result))


def _current(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.current import current
    from runner.report import current_text

    states = current(target, check_heads=values.check_heads)
    return _shown(values, states, lambda: current_text(states, verbose=values.verbose))


def _heads(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.heads import heads
    from runner.report import views_text

    found = heads(target, resolve_dependencies=values.resolve_dependencies)
    return _shown(values, found, lambda: views_text(found, verbose=values.verbose))


def _history(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.history import history
    from runner.report import views_text

    found = history(target, values.rev_range, indicate_current=values.indicate_current)
    return _shown(values, found, lambda: views_text(found, verbose=values.verbose))


def _branches(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.branches import branches
    from runner.report import branches_text

    found = branches(target)
    return _shown(values, found, lambda: branches_text(found, verbose=values.verbose))


def _show(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.show import show
    from runner.report import views_text

    found = show(target, values.revision)
    return _shown(values, found, lambda: views_text(found, verbose=True))


def _resolve(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.resolve import resolve
    from runner.report import journal_text

    found = resolve(
        target,
        values.revision,
        statement=values.statement,
        outcome=values.outcome,
        restart=values.restart,
        direction=values.direction,
    )
    return _shown(values, found, lambda: journal_text(found))


def _status(target: Target, values: argparse.Namespace, _settings: Settings) -> Outcome:
    from runner.commands.status import require_current, status
    from runner.status_text import status_text

    found = status(target)
    outcome = _shown(values, found, lambda: status_text(found))
    return replace(outcome, verdict=lambda: require_current(target, found)) if values.check else outcome


def _plan(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    from runner.commands.plan import plan
    from runner.status_text import plan_text

    found = plan(target, values.revision or settings.target)
    return _shown(values, found, lambda: plan_text(found))


def _wait(target: Target, values: argparse.Namespace, settings: Settings) -> Outcome:
    from runner.commands.wait import WaitFor, wait

    ready = wait(target, WaitFor(values.wait_for), seconds=settings.wait_seconds)
    return Outcome(keys={"to": list(ready.rows), "waited_seconds": ready.waited_seconds})


def _shown(values: argparse.Namespace, result: Any, text: Callable[[], str]) -> Outcome:
    if not values.json:
        return Outcome(text=text())
    from runner.report import to_json

    return Outcome(text=to_json(result))


VERBS: dict[str, _Verb] = {
    "status": _status,
    "plan": _plan,
    "wait": _wait,
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "stamp": _stamp,
    "ensure-version": _ensure_version,
    "current": _current,
    "heads": _heads,
    "history": _history,
    "branches": _branches,
    "show": _show,
    "resolve": _resolve,
}
