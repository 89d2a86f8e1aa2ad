//! The language server with a real editor as its client: Neovim opens the example plan, asks, edits
//! and takes the fixes that are offered (`tests/scripts/editor.lua`).

use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::example;

use crate::cutover;

fn edited() -> Option<(Value, String)> {
    if Command::new("nvim").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("REQUIRE_DATABASES").is_none(), "`nvim` is not installed");
        println!("SKIPPED: no `nvim` on this machine");
        return None;
    }
    let (_keep, plan) = example("shop-postgres");
    let script = testkit::root().join("tests/scripts/editor.lua");
    let output = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"])
        .arg(format!("luafile {}", script.display()))
        .arg("-c")
        .arg("cquit 9")
        .env("PROGRAM", cutover().binary())
        .env("PLAN", plan.join("plan.yaml"))
        .env("XDG_STATE_HOME", plan.join("state"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let answers =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    Some((answers, std::fs::read_to_string(plan.join("plan.yaml")).unwrap()))
}

fn codes(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().map(Vec::as_slice).unwrap_or_default();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

fn has(list: &Value, wanted: &[&str]) {
    let list: Vec<&str> = list.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    for one in wanted {
        assert!(list.contains(one), "{one} is not in {list:?}");
    }
}

/// One session, because each step stands on the text that the one before left.
#[test]
fn an_author_is_told_asks_and_takes_what_is_offered() {
    let Some((answers, before)) = edited() else { return };
    let line = |text: &str| before.lines().position(|it| it.contains(text)).unwrap() + 1;

    // Notes about what only an engine could compare.
    assert_eq!(codes(&answers["at_first"]), ["CAT303", "CAT305"], "{answers:#}");

    let hover = answers["hover"].as_str().unwrap();
    assert!(hover.contains("**index** `orders_customer_idx`"), "{hover}");
    assert!(hover.to_lowercase().contains("create index"), "{hover}");
    assert!(hover.contains("(customer_id, placed_at desc)"), "{hover}");

    let places = answers["definition"].as_array().unwrap();
    assert_eq!(places[0]["file"], "plan.yaml");
    assert_eq!(places[0]["line"], line("    customers:"));
    assert_eq!(places[1]["file"], "shop.postgres.sql");

    has(&answers["columns"], &["customer_id", "placed_at", "status"]);
    has(&answers["kinds"], &["indexes", "constraints", "grants"]);

    let without = codes(&answers["without_index"]);
    assert!(without.contains(&"LNT602"), "{answers:#}");
    assert!(!codes(&answers["after_waiver"]).contains(&"LNT602"), "{answers:#}");
    assert!(answers["waiver"].as_str().unwrap().starts_with("waive `foreign-key-without-index`"));

    assert!(answers["text"].as_str().unwrap().contains("    on: orders_customer_fk\n    reason:"));

    assert_eq!(answers["fix"], "add index `orders_customer_idx`");
    let after = codes(&answers["after_fix"]);
    assert!(!after.contains(&"BAS401"), "{answers:#}");
    assert!(
        answers["text"]
            .as_str()
            .unwrap()
            .contains("    orders_customer_idx: |\n      CREATE INDEX")
    );

    has(&Value::from(codes(&answers["mistyped"])), &["PLN104"]);
    assert_eq!(answers["exit"], 0);
}

#[test]
fn what_is_no_editor_is_told_so() {
    let script = format!("echo hello | {} lsp", cutover().binary().display());
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("CLI030") && said.contains("is started by an editor"), "{said}");
}
