//! Names, partitions, unsupported types, frozen pages, long rows.

use diagnostics::code;
use engine_postgres::copy;
use ir::Conversion;
use runtime::RowDigest;
use runtime::Value::{Blob, Integer, Text};

use crate::{common, digest_of, into, load, print_skipped, texts};

#[test]
fn tables_and_columns_of_every_kind_are_found_or_named() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "tables");
    let c = &mut client;
    let setup = "create schema stage; create table \"Odd \"\"T\" (\"Select\" int, \"a b\" text);
        create table stage.\"Odd \"\"T\" (\"Select\" int, \"a b\" text);
        create table parted (id int, v text) partition by range (id);
        create table parted_1 partition of parted for values from (0) to (10);
        create table parted_2 partition of parted for values from (10) to (20);
        create table odd (a point, b int4range, c interval year to month, d text, e int,
            f int generated always as (e + 1) stored, g xml);
        create view seen as select 1 as x;
        set search_path = stage, public";
    c.batch_execute(setup).unwrap();
    let rows = [vec![Integer(1), Text(b"x")], vec![Integer(12), Text(b"y")]];
    let columns = into(&["Select", "a b"]);
    let loaded = load(c, "Odd \"T", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "Odd \"T", &columns));
    assert_eq!(texts(c, "select count(*)::text from public.\"Odd \"\"T\""), [Some("0".to_owned())]);
    let columns = into(&["v", "id"]);
    let rows = [vec![Text(b"x"), Integer(1)], vec![Text(b"y"), Integer(12)]];
    let loaded = load(c, "parted", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "parted", &columns));
    c.batch_execute("create table heir () inherits (\"Odd \"\"T\")").unwrap();
    c.batch_execute("insert into heir values (5, 'not ours')").unwrap();
    let odd = load(c, "Odd \"T", &into(&["Select"]), &[vec![Integer(3)]]).unwrap();
    assert_eq!(odd.digest, digest_of(c, "Odd \"T", &into(&["Select"])));
    let empty = load(c, "parted", &columns, &[]).unwrap();
    assert_eq!(
        (empty.digest, digest_of(c, "parted", &columns)),
        (RowDigest::default(), empty.digest)
    );

    let mut wrong = into(&["a", "b", "c", "d", "nope", "f", "g"]);
    wrong[3].conversion = Some(Conversion::UnixSeconds);
    let error = copy::digest_sink(c, "odd", &wrong).err().unwrap();
    assert_eq!(error.code, &code::LOAD_FAILED);
    assert_eq!(
        error.message,
        "the table has no column `nope`; column `f` is computed by the server; column `a`: no value of \
         SQLite has a way into `point`; column `b`: no value of SQLite has a way into `int4range`; column \
         `c`: no value of SQLite has a way into `interval year to month`; column `d`: the conversion \
         `unix-seconds` does not lead to `text`; column `g`: no value of SQLite has a way into `xml`"
    );
    let error = copy::digest_sink(c, "odd", &into(&["a"])).err().unwrap();
    assert_eq!(error.code, &code::UNSUPPORTED_TYPE);
    for table in ["seen", "nowhere"] {
        let error = copy::digest_sink(c, table, &into(&["x"])).err().unwrap();
        assert_eq!(error.object, Some(format!("table {table}")));
    }
}

#[test]
fn rows_are_frozen_and_large_values_pass() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "large");
    let c = &mut client;
    c.batch_execute("create table t (id int, v bytea)").unwrap();
    let large = vec![7; 40_000_000];
    let rows: Vec<_> =
        (0..3000).map(|n| vec![Integer(n), Blob(if n == 1500 { &large } else { b"x" })]).collect();
    let columns = into(&["id", "v"]);
    let loaded = load(c, "t", &columns, &rows).unwrap();
    assert_eq!(loaded.digest, digest_of(c, "t", &columns));
    assert!(loaded.bytes > 40_000_000);
    // COPY FREEZE marks pages all-frozen, so that no vacuum has to write them again.
    let pages = "create extension pg_visibility;
        create view pages as select all_frozen > 0 as frozen from pg_visibility_map_summary('t')";
    match c.batch_execute(pages) {
        Ok(()) => assert_eq!(texts(c, "select frozen::text from pages"), [Some("true".to_owned())]),
        Err(error) => print_skipped("frozen pages", &error),
    }
}
