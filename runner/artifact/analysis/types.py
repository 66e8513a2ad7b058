"""What adding or changing a column does to the rows, as far as its words tell. PostgreSQL."""

from __future__ import annotations

from runner.artifact.analysis.words import Words

__all__ = ["KNOWN_FUNCTIONS", "TYPES", "fills_rows", "is_builtin_type"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TYPES = _set(
    """
    BIGINT BIGSERIAL BIT BOOL BOOLEAN BOX BPCHAR BYTEA CHAR CHARACTER CIDR CIRCLE DATE DATEMULTIRANGE DATERANGE
    DEC DECIMAL DOUBLE FLOAT FLOAT4 FLOAT8 INET INT INT2 INT4 INT4MULTIRANGE INT4RANGE INT8 INT8MULTIRANGE
    INT8RANGE INTEGER INTERVAL JSON JSONB JSONPATH LINE LSEG MACADDR MACADDR8 MONEY NAME NATIONAL NCHAR NUMERIC
    NUMMULTIRANGE NUMRANGE OID PATH PG_LSN POINT POLYGON REAL REGCLASS SERIAL SERIAL2 SERIAL4 SERIAL8 SMALLINT
    SMALLSERIAL TEXT TIME TIMESTAMP TIMESTAMPTZ TIMETZ TSMULTIRANGE TSQUERY TSRANGE TSTZMULTIRANGE TSTZRANGE
    TSVECTOR UUID VARBIT VARCHAR XML
    """
)
"""PostgreSQL's own types, by their first word. Another one may be a domain, whose check the rows have to pass."""
_SERIALS = frozenset({"SERIAL", "SERIAL2", "SERIAL4", "SERIAL8", "BIGSERIAL", "SMALLSERIAL"})

_STABLE = _set(
    """
    current_catalog current_database current_date current_role current_schema current_time current_timestamp
    current_user localtime localtimestamp now session_user statement_timestamp transaction_timestamp user abs
    array_fill array_length btrim ceil ceiling char_length coalesce concat concat_ws date_part date_trunc decode
    encode extract floor format greatest initcap json_build_array json_build_object jsonb_build_array
    jsonb_build_object least left length lower lpad ltrim make_date make_interval make_timestamp
    make_timestamptz md5 mod nullif position power repeat replace reverse right round rpad rtrim sha256 sign
    split_part sqrt strpos substr substring timezone to_char to_date to_json to_jsonb to_number to_timestamp
    to_tsvector translate trim trunc upper array row
    """
)
"""Functions of PostgreSQL's own that are not volatile: as a default they are computed once."""
_READING = _set(
    """
    array_agg array_append array_cat array_position array_prepend array_remove array_to_string avg bool_and
    bool_or cardinality clock_timestamp count cume_dist dense_rank every exists first_value gen_random_uuid
    generate_series generate_subscripts hashtext jsonb_agg jsonb_array_elements jsonb_array_elements_text
    jsonb_array_length jsonb_each jsonb_each_text jsonb_exists jsonb_extract_path jsonb_extract_path_text
    jsonb_object_agg jsonb_object_keys jsonb_set jsonb_insert jsonb_strip_nulls jsonb_typeof json_agg
    json_array_elements json_array_elements_text json_array_length json_each json_each_text json_object_agg
    json_object_keys json_typeof json_extract_path json_extract_path_text lag last_value lead max min nextval
    ntile percent_rank pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock pg_get_serial_sequence
    pg_is_in_recovery pg_notify pg_sleep pg_try_advisory_lock pg_try_advisory_xact_lock random rank regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table row_number row_to_json set_config
    setval stddev string_agg string_to_array sum to_regclass to_regtype to_regnamespace uuid_generate_v4 unnest
    uuidv4 uuidv7 variance age isfinite ascii chr ln log exp array_upper array_lower array_ndims array_replace
    num_nulls num_nonnulls currval lastval
    """
)
"""Functions of PostgreSQL's own that lock no table of ours."""
KNOWN_FUNCTIONS = _STABLE | _READING

_CONSTRAINT_WORDS = _set(
    "CONSTRAINT NOT NULL CHECK DEFAULT GENERATED UNIQUE PRIMARY REFERENCES COLLATE STORAGE COMPRESSION"
)


def is_builtin_type(column: Words) -> bool:
    """Tell whether the next word is a type of PostgreSQL's own."""
    rest = column.rest()
    if not rest:
        return False
    if len(rest) > 1 and rest[1].key == ".":
        return rest[0].text == "pg_catalog"
    return rest[0].key in TYPES


def fills_rows(column: Words) -> bool:
    """Tell whether each row gets a value of its own: serial, identity, generated and stored, or a volatile default.

    Args:
        column: what follows the name of a column that is added.
    """
    rest = column.rest()
    if rest and rest[0].key in _SERIALS:
        return True
    if column.has("IDENTITY") or column.has("STORED"):  # generated and neither: computed when it is read
        return True
    default = column.after("DEFAULT")
    return default is not None and _may_be_volatile(_expression(default))


def _expression(default: Words) -> Words:
    """Return the words of a default, up to the next constraint of the column."""
    depth, found = 0, []
    for place, word in enumerate(default.rest()):
        depth += (word.key == "(") - (word.key == ")")
        if depth == 0 and place and word.key in _CONSTRAINT_WORDS:
            break
        found.append(word)
    return Words(found)


def _may_be_volatile(expression: Words) -> bool:
    return any(name not in _STABLE and name.upper() not in TYPES for name in expression.called())
