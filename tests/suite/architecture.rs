//! The arrows of `crates/README.md`, checked against what Cargo and the sources say.

use std::collections::{BTreeMap, BTreeSet};

use testkit::{root, tool};

/// Crate → the crates of ours that it may depend on (in the program, not in tests).
const ARROWS: &[(&str, &[&str])] = &[
    ("diagnostics", &[]),
    ("sql", &["diagnostics"]),
    ("plan", &["diagnostics", "sql"]),
    ("catalog", &["diagnostics", "sql"]),
    ("ir", &["catalog", "diagnostics"]),
    ("proposal", &["diagnostics", "ir", "sql"]),
    ("compiler", &["catalog", "diagnostics", "ir", "plan", "sql"]),
    ("runtime", &["catalog", "diagnostics", "ir"]),
    // Manifests are written by the engines and read by the command line; the runtime needs neither.
    ("backup", &["diagnostics", "runtime"]),
    // The evidence that a proposal is made from is read by the engine.
    ("engine-sqlite", &["backup", "catalog", "diagnostics", "ir", "proposal", "runtime", "sql"]),
    ("engine-postgres", &["backup", "catalog", "diagnostics", "ir", "runtime", "sql"]),
];

const PURE: &[&str] = &["diagnostics", "sql", "plan", "catalog", "ir", "proposal", "compiler"];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = root().join("Cargo.toml");
    let args = [
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--offline",
        "--manifest-path",
        &manifest.to_string_lossy(),
    ];
    let json: serde_json::Value = serde_json::from_str(&tool(env!("CARGO"), &args)).unwrap();
    let packages = json["packages"].as_array().unwrap();
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let normal = |package: &serde_json::Value| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|d| d["kind"].is_null()).map(name).filter(|d| ours.contains(d)).collect()
    };
    packages.iter().map(|package| (name(package), normal(package))).collect()
}

#[test]
fn arrows_are_those_of_the_map() {
    let found = dependencies();
    for (name, allowed) in ARROWS {
        let extra: Vec<_> =
            found[*name].iter().filter(|d| !allowed.contains(&d.as_str())).collect();
        assert!(extra.is_empty(), "{name} depends on {extra:?}");
    }
    let order: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    for (at, (name, allowed)) in ARROWS.iter().enumerate() {
        let circle: Vec<_> = allowed.iter().filter(|d| !order[..at].contains(*d)).collect();
        assert!(circle.is_empty(), "{name} before {circle:?}: a circle");
    }
}

#[test]
fn every_crate_is_on_the_map() {
    let map = std::fs::read_to_string(root().join("crates/README.md")).unwrap();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let row = format!("| `{}` |", entry.file_name().to_string_lossy());
            assert!(map.contains(&row), "crates/README.md has no row {row}");
        }
    }
}

#[test]
fn pure_crates_do_no_io() {
    const BANNED: [&str; 8] = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "SystemTime",
        "Instant",
        "std::thread",
        "std::io::std",
    ];
    for name in PURE {
        for file in sources(&root().join("crates").join(name).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let program = text.split("#[cfg(test)]").next().unwrap_or("");
            for banned in BANNED {
                assert!(!program.contains(banned), "{} uses {banned}", file.display());
            }
        }
    }
}

fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            // Test modules in files of their own read fixtures.
            if !path.ends_with("tests") {
                files.extend(sources(&path));
            }
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}
