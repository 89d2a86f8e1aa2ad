//! The corpora that fuzzing kept, through the same judges (`testkit::hostile`), in every test run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use testkit::{hostile, root};

#[test]
fn every_input_that_was_kept_is_judged() {
    let mut broken = Vec::new();
    for (reader, judge) in hostile::READERS {
        let inputs = corpus(reader);
        assert!(!inputs.is_empty(), "{reader} has no corpus");
        println!("{reader}: {} inputs", inputs.len());
        for path in inputs {
            let bytes = std::fs::read(&path).unwrap();
            if catch_unwind(AssertUnwindSafe(|| judge(&bytes))).is_err() {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn corpus(reader: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fuzz/corpus").join(reader);
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}
