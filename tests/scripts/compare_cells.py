#!/usr/bin/env python3
"""Compares every cell of SQLite tables with the PostgreSQL tables they were moved into.

An oracle for the tests: it shares no code with Cutover. SQLite is read with Python's sqlite3,
PostgreSQL with `psql` (COPY … TO STDOUT in CSV); both sides become Python values by the target
column's type and are compared as multisets of rows.

usage: compare_cells.py --sqlite FILE --url URL --schema SCHEMA [--table SRC=DST]… [--column T.SRC=DST]…
                        [--convert T.COL=unix-seconds|unix-milliseconds|unix-microseconds]… [--skip-target T.COL]…
                        [--with-generated]
Without --table every ordinary table of the SQLite file is compared with the one of the same name
(exactly, else in lower case). Prints a line per table; exit 1 where anything differs.
"""
import argparse
import collections
import csv
import datetime
import decimal
import io
import json
import math
import sqlite3
import subprocess
import sys
import uuid

csv.field_size_limit(1 << 30)
NULL = "\\N~null~"
EPOCH = datetime.datetime(1970, 1, 1)
UNITS = {"unix-seconds": 1_000_000, "unix-milliseconds": 1_000, "unix-microseconds": 1}


def psql(url, sql):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
                          capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"psql: {done.stderr.decode()}\n{sql}")
    return list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def target_columns(url, schema, table):
    sql = f"""copy (select a.attname, case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod)
                           else format_type(a.atttypid, a.atttypmod) end, t.typtype = 'e'
              from pg_attribute a join pg_type t on t.oid = a.atttypid
              where a.attrelid = {literal(quote(schema) + '.' + quote(table))}::regclass
                and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
              order by a.attnum) to stdout (format csv)"""
    return [(name, "enum" if enum == "t" else kind) for name, kind, enum in psql(url, sql)]


def moment(text):
    text = text.strip().replace("T", " ").replace("Z", "+00:00")
    if text.endswith("+00"):
        text += ":00"
    if "." in text:
        head, tail = text.split(".", 1)
        digits = tail
        for at, char in enumerate(tail):
            if not char.isdigit():
                digits, rest = tail[:at], tail[at:]
                break
        else:
            rest = ""
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest}"
    value = datetime.datetime.fromisoformat(text)
    if value.tzinfo:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value


def freeze(value):
    if isinstance(value, dict):
        return ("object",) + tuple(sorted((k, freeze(v)) for k, v in value.items()))
    if isinstance(value, list):
        return ("array",) + tuple(freeze(v) for v in value)
    if isinstance(value, bool):
        return ("bool", value)
    return value


def loads(text):
    return freeze(json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal))


def number(value):
    return decimal.Decimal(repr(value) if isinstance(value, float) else str(value).strip()).normalize() + 0


def canonical(value, kind, convert=None):
    """One Python value for either side's form of a cell."""
    if value is None:
        return None
    base = kind.split("(")[0]
    if convert:
        return EPOCH + datetime.timedelta(microseconds=int(value) * UNITS[convert]) if isinstance(value, (int, float)) else moment(value)
    if kind.endswith("[]"):
        return array(value, kind[:-2])
    if base == "boolean":
        return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False,
                "yes": True, "no": False}[str(value).lower()]
    if base in ("smallint", "integer", "bigint"):
        return int(number(value))
    if base == "numeric":
        return str(value).lower() if str(value).lower() in ("nan", "inf", "-inf") else number(value)
    if base in ("double precision", "real"):
        value = float(value)
        value = struct_real(value) if base == "real" else value
        return "nan" if math.isnan(value) else value + 0.0
    if base == "bytea":
        if isinstance(value, str):
            return bytes.fromhex(value[2:]) if value.startswith("\\x") else value.encode()
        return bytes(value)
    if base.startswith("timestamp"):
        return moment(value)
    if base == "date":
        return moment(value).date() if len(value) > 10 else datetime.date.fromisoformat(value)
    if base == "uuid":
        return uuid.UUID(bytes=bytes(value)) if isinstance(value, bytes) else uuid.UUID(value)
    if base in ("json", "jsonb"):
        return loads(value)
    if base in ("character", "bpchar"):
        return str(value).rstrip(" ")
    return value.decode() if isinstance(value, bytes) else str(value)


def struct_real(value):
    import struct
    return struct.unpack("f", struct.pack("f", value))[0]


def array(value, kind):
    if value.startswith("["):
        items = json.loads(value)
    else:
        items = next(csv.reader([value[1:-1]], escapechar="\\", doublequote=False)) if len(value) > 2 else []
    return tuple(None if item in (None, "NULL") else canonical(item, kind) for item in items)


def source_rows(db, table, columns):
    names = ", ".join(quote(c) for c in columns)
    return db.execute(f"select {names} from {quote(table)}")


def compare(db, url, schema, source, target, options):
    have = [row[1] for row in db.execute(f"pragma table_xinfo({quote(source)})") if row[6] == 0 or options.with_generated and row[6] > 1]
    columns = [(n, k) for n, k in target_columns(url, schema, target) if f"{target}.{n}" not in options.skip_target]
    by_target = {}
    for name in have:
        by_target[options.column.get(f"{target}.{name}", name)] = name
    lower = {name.lower(): source_name for name, source_name in by_target.items()}
    pairs = [(by_target.get(n) or lower.get(n.lower()), n, k) for n, k in columns]
    missing = [n for s, n, _ in pairs if s is None] + [s for s in have if s not in {p[0] for p in pairs}]
    if missing:
        print(f"{target}: columns without a partner: {', '.join(missing)}")
        return False
    kinds = [(k, options.convert.get(f"{target}.{n}")) for _, n, k in pairs]
    expected = collections.Counter(
        tuple(canonical(v, k, c) for v, (k, c) in zip(row, kinds)) for row in source_rows(db, source, [s for s, _, _ in pairs]))
    names = ", ".join(quote(n) for _, n, _ in pairs)
    sql = f"copy (select {names} from {quote(schema)}.{quote(target)}) to stdout (format csv, null {literal(NULL)}, force_quote *)"
    actual = collections.Counter(
        tuple(None if v == NULL else canonical(v, k, c) for v, (k, c) in zip(row, kinds)) for row in psql(url, sql))
    if expected == actual:
        print(f"{target}: {sum(expected.values())} rows, {len(pairs)} columns equal")
        return True
    print(f"{target}: {sum(expected.values())} rows in SQLite, {sum(actual.values())} in PostgreSQL, "
          f"{sum((expected - actual).values())} only there, {sum((actual - expected).values())} only here")
    for side, rows in (("only in SQLite", expected - actual), ("only in PostgreSQL", actual - expected)):
        for row in list(rows)[:2]:
            print(f"  {side}: {row!r}"[:600])
    return False


def pairs(values):
    return dict(value.split("=", 1) for value in values)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sqlite", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--with-generated", action="store_true",
                        help="what SQLite computes was loaded like any other column")
    for name in ("--table", "--column", "--convert", "--skip-target", "--ignore-table"):
        parser.add_argument(name, action="append", default=[])
    options = parser.parse_args()
    options.column, options.convert = pairs(options.column), pairs(options.convert)
    db = sqlite3.connect(f"file:{options.sqlite}?immutable=1", uri=True)
    tables = pairs(options.table) or {
        name: name for (name,) in db.execute(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite!_%' escape '!'")
        if name not in options.ignore_table}
    there = {row[0] for row in psql(options.url, f"copy (select tablename from pg_tables where schemaname = {literal(options.schema)}) to stdout (format csv)")}
    good = True
    for source, target in sorted(tables.items()):
        target = target if target in there else target.lower()
        if target not in there:
            print(f"{target}: no such table in PostgreSQL")
            good = False
            continue
        good &= compare(db, options.url, options.schema, source, target, options)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
