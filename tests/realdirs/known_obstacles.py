"""What of real directories cannot be SQL, and what their downgrades leave: found out by reading them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FAILS_ON_ANY_SERVER", "NEEDS_THE_DATABASE", "NOT_THE_OPPOSITE", "NO_WAY_BACK"]

_INSPECTS = "inspector = sa.inspect(bind)"
_TABLES = "tables = sa.inspect(engine).get_table_names()"

NEEDS_THE_DATABASE: Mapping[str, Mapping[str, str]] = {
    "optuna": {
        "v1.3.0.a": ".all()",
        "v2.4.0.a": _INSPECTS,
        "v3.0.0.a": _INSPECTS,
        "v3.0.0.b": ".count()",
        "v3.0.0.c": _INSPECTS,
        "v3.0.0.d": _INSPECTS,
    },
    "jupyterhub": {
        "d68c98b66cd4": _TABLES,
        "4dc2d5a8c53c": _TABLES,
        "651f5419b74d": "tables = sa.inspect(c.engine).get_table_names()",
        "0eee8c825d24": _TABLES,
        "3c2384c5aae1": _TABLES,
        "4621fec11365": _TABLES,
        "afd65840b69e": _TABLES,
    },
    "ckan": {"f98d8fa2a7f7": ").fetchone()"},
    "argilla_server": {},
}
"""package -> revision -> the line of its upgrade() that asks."""

NO_WAY_BACK: Mapping[str, Mapping[str, str]] = {
    "optuna": {
        "v3.0.0.d": "records = session.query(TrialValueModel).all()",
        "v3.0.0.c": "records = session.query(IntermediateValueModel).all()",
        "v3.0.0.a": _INSPECTS,
        "v1.3.0.a": "trials = session.query(TrialModel).all()",
    },
    "jupyterhub": {
        "afd65840b69e": _TABLES,
        "4621fec11365": _TABLES,
        # These fail online, too: they give a column where its name belongs.
        "3c2384c5aae1": "op.drop_column('services', sa.Column('from_config'))",
        "0eee8c825d24": "op.drop_column('groups', sa.Column('properties'))",
        "4dc2d5a8c53c": "op.drop_column('spawners', sa.Column('user_options'))",
    },
    "ckan": {"fd6622e3d964": "op.create_table("},  # with the same column twice
    "argilla_server": {},
}
"""package -> revision -> the line of its downgrade() that asks, or fails."""

NOT_THE_OPPOSITE: Mapping[tuple[str, str], str] = {
    ("optuna", "v1.3.0.a"): "v2.4.0.a makes tables that its downgrade() leaves.",
    ("ckan", "fd6622e3d964"): "Indexes, constraints and tables are not made again, columns come back at another place.",
}
"""(package, revision it leads back to) -> why the database is not what it was, after an online run either."""

FAILS_ON_ANY_SERVER: Mapping[tuple[str, str], str] = {
    ("jupyterhub", "4dc2d5a8c53c"): 'table "api_tokens" does not exist',
}
"""(package, revision it leads back to) -> what the server says of the downgrade, online too."""
