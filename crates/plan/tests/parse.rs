//! Plans from text to model and findings.

use diagnostics::{Sources, render};

/// The findings of `text` as a person reads them.
fn findings(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("plan.yaml", plan::redact(text).into_owned());
    let (_, findings) = plan::parse(id, text);
    findings.iter().map(|finding| render(finding, &sources)).collect()
}

#[test]
fn a_plan_with_every_key_has_no_finding() {
    assert_eq!(findings(include_str!("corpus/good/everything.yaml")), "");
}

#[test]
fn mistakes_in_tags_and_in_keys_kept_apart() {
    insta::assert_snapshot!(findings(include_str!("corpus/bad/source-tags.yaml")));
}

#[test]
fn every_mistake_of_a_plan_is_found_at_its_place_in_one_run() {
    insta::assert_snapshot!(findings(include_str!("corpus/bad/many-mistakes.yaml")), @r#"
    error[PLN111]: version 2 of the plan language is not supported
      --> plan.yaml:1:10: `2` this program reads version 1
      help: write `cutover: 1`, or use the program that the plan was written for
    error[PLN110]: `Shop` is no name for a plan
      --> plan.yaml:2:7: `Shop` this name
      help: a letter from a to z, then letters, digits, `_` and `-`, at most 63
    error[PLN104]: a plan has no key `descripton`
      --> plan.yaml:3:1: `descripton` unknown key
      help: did you mean `description`? the keys here are `cutover`, `name`, `description`, `sources`, `target`, `baseline`, `components`, `stages`, `load`, `checks`, `backup`, `waivers`, `retire`, `run`
    error[PLN106]: `shop` takes a path, a glob or a list of them, found `[]`
      --> plan.yaml:5:9: `[]` expected a path, a glob or a list of them
    error[PLN110]: `9lives` is no name for a source
      --> plan.yaml:6:3: `9lives` this name
      help: a letter, then letters, digits, `_` and `-`
    error[PLN112]: the connection URL carries a password
      --> plan.yaml:9:5: `url` the value of this key
      help: take the URL from the environment, `url: { env: NAME }`, or from a file of mode 0600, `url: { file: PATH }`
    error[PLN108]: `tls` cannot be `verify-ful`
      --> plan.yaml:10:10: `verify-ful` not one of the known values
      help: did you mean `verify-full`? the values here are `verify-full`, `insecure-no-hostname`, `insecure-no-verify`, `insecure-disable`
    error[PLN108]: `existing` cannot be `no`
      --> plan.yaml:11:15: `no` not one of the known values
      help: the values here are `refuse`, `replace`
    error[PLN106]: `baseline` takes a mapping, found a list
      --> plan.yaml:12:11: `[schemas/shop.sql]` expected a mapping
    error[PLN104]: a table has no key `colums`
      --> plan.yaml:16:7: `colums` unknown key
      help: did you mean `columns`? the keys here are `columns`, `primary_key`, `options`, `comment`, `sql`, `engine`
    error[PLN110]: a name is 65 bytes long, more than the 63 that PostgreSQL keeps
      --> plan.yaml:17:5: `a_table_name_that_is_longer_than_postgresql_will_ever_keep_for_it` this name
      help: shorten it; PostgreSQL would cut it silently
    error[PLN107]: an index needs the key `table`
      --> plan.yaml:20:5: `orders_idx` `table` is missing here
      help: name the table to index: `table: orders`
    error[PLN106]: `unique` takes `true` or `false`, found `yes`
      --> plan.yaml:20:45: `yes` expected `true` or `false`
    error[PLN109]: `check` and `unique` exclude each other
      --> plan.yaml:22:56: `unique` this key
      --> plan.yaml:22:36: `check` excludes this one
      help: keep one of them
    error[PLN106]: `references` takes a table such as `customers` or `customers(id)`, found `customers(`
      --> plan.yaml:23:71: `"customers("` expected a table such as `customers` or `customers(id)`
    error[PLN108]: `on_delete` cannot be `explode`
      --> plan.yaml:23:96: `explode` not one of the known values
      help: the values here are `cascade`, `restrict`, `no action`, `set null`, `set default`
    error[PLN107]: a grant needs the key `on`
      --> plan.yaml:25:9: `grant` `on` is missing here
      help: name what it is granted on: `on: orders`
    error[PLN106]: `needs` takes a list of stages, found a mapping
      --> plan.yaml:27:17: `{ load: true }` expected a list of stages
    error[PLN106]: `sql` takes a SQL text, found an empty text
      --> plan.yaml:27:38: `" "` expected a SQL text
    error[PLN109]: `from` and `query` exclude each other
      --> plan.yaml:29:27: `query` this key
      --> plan.yaml:29:13: `from` excludes this one
      help: keep one of them
    error[PLN105]: `orders` is given twice
      --> plan.yaml:30:3: `orders` given again here
      --> plan.yaml:29:3: `orders` first given here
    error[PLN106]: `reason` takes a reason, found an empty text
      --> plan.yaml:32:38: `""` expected a reason
    error[PLN106]: `expires` takes a day of the calendar as YYYY-MM-DD, found `2027-02-30`
      --> plan.yaml:32:63: `2027-02-30` expected a day of the calendar as YYYY-MM-DD
    error[PLN106]: `lock_timeout` takes a duration such as `2s`, `500ms`, `5m`, found `2 seconds`
      --> plan.yaml:33:22: `2 seconds` expected a duration such as `2s`, `500ms`, `5m`
    error[PLN106]: `memory` takes a size such as `64MiB`, `1GiB`, found `64MB`
      --> plan.yaml:33:41: `64MB` expected a size such as `64MiB`, `1GiB`
    error[PLN106]: `connections` takes a number from 1 to 64, found `0x10`
      --> plan.yaml:33:60: `0x10` expected a number from 1 to 64
    "#);
}

#[test]
fn a_password_is_never_shown_wherever_it_stands() {
    for target in [
        "{ postgres: postgres://app:s3cret@db/shop }",
        "{ postgres: host=db password=s3cret }",
        "{ postgres: { url: postgres://app:s3cret@db/shop, tls: of } }",
        "{ postgres: { url: 'host=db password=s3cret' } }",
        "{ postgres: { url: { env: postgres://app:s3cret@db/shop } } }",
        "{ postgres: { server: postgres://app:s3cret@db/shop } }",
        "{ postgres: { server: postgres://db/shop?password=s3cret } }",
        "{ postgres: { urls: postgres://app:s3cret@db/shop } }",
        "{ postgres://app:s3cret@db/shop: x }",
        "postgres://app:s3cret@db/shop",
        "\n  postgres:\n    url: |\n      postgres://app:s3cret@db/shop\n    tls: of",
        "{ postgres: { url: postgres://app:s3cret@db/shop }",
    ] {
        let shown = findings(&format!("cutover: 1\nname: shop\ntarget: {target}\n"));
        assert!(shown.contains("error["), "{target}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn a_mistake_in_an_aliased_value_shows_every_place() {
    let text = "cutover: 1\nname: shop\ntarget: { sqlite: a.db }\nload:\n  \
                a: &rule { wher: x }\n  b: *rule\n  c: *rule\n  d: *rule\n  e: *rule\n  f: *rule\n";
    insta::assert_snapshot!(findings(text), @"
    error[PLN104]: a load rule has no key `wher`
      --> plan.yaml:5:14: `wher` unknown key
      --> plan.yaml:6:6: `*rule` used here through an alias
      --> plan.yaml:7:6: `*rule` used here through an alias
      --> plan.yaml:8:6: `*rule` used here through an alias
      note: 2 more aliases use this value
      help: did you mean `where`? the keys here are `from`, `source`, `query`, `where`, `merge`, `columns`
    ");
}

#[test]
fn what_is_no_plan_has_one_finding() {
    let shown: Vec<_> = ["", "# note\n", "- a\n", "just text\n", "cutover: [\n"]
        .into_iter()
        .map(findings)
        .collect();
    insta::assert_snapshot!(shown.join(""), @"
    error[PLN106]: the plan is empty
      --> plan.yaml:1:1: `` expected a mapping with the key `cutover`
      help: start with `cutover: 1` and `name: …`
    error[PLN106]: the plan is empty
      --> plan.yaml:1:1: `` expected a mapping with the key `cutover`
      help: start with `cutover: 1` and `name: …`
    error[PLN106]: a plan file takes a mapping with the key `cutover`, found a list
      --> plan.yaml:1:1: `- a` expected a mapping with the key `cutover`
    error[PLN106]: a plan file takes a mapping with the key `cutover`, found a text
      --> plan.yaml:1:1: `just text` expected a mapping with the key `cutover`
    error[PLN101]: the plan is not valid YAML: unclosed bracket `[`
      --> plan.yaml:1:10: `[` at this place
      help: close the bracket
    ");
}

#[test]
fn a_name_means_one_check_and_an_invariant_without_sql_is_one_finding() {
    let plan = "\
cutover: 1
name: shop
target: { sqlite: out.db }
checks:
  staged:
    - { name: orders, sql: select 1, engine: sqlite }
    - { name: orders, sql: select 1, engine: postgres }
    - { name: customers, sql: select 1 }
  after:
    - { name: orders, sql: select 1 }
  invariants:
    - { name: customers, sql: select 1 }
    - { name: totals }
";
    insta::assert_snapshot!(findings(plan), @r"
    error[PLN115]: two checks have the name `orders`
      --> plan.yaml:10:15: `orders` given again here
      --> plan.yaml:6:15: `orders` first given here
      help: let each name say what holds
    error[PLN115]: two checks have the name `customers`
      --> plan.yaml:12:15: `customers` given again here
      --> plan.yaml:8:15: `customers` first given here
      help: let each name say what holds
    error[PLN107]: an invariant needs the key `sql`
      --> plan.yaml:13:9: `name` `sql` is missing here
      help: give `source_sql` and `target_sql`, or `sql` where the text is the same
    ");
}
