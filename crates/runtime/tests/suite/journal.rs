//! The journal against everything that can happen to its bytes.

use std::path::PathBuf;

use runtime::journal::format::Closing;
use runtime::journal::{FORMAT_VERSION, Journal, Record, Tail, read_run, reader};
use runtime::recovery::{Told, kept_plan};
use runtime::status::{self, RunState};

use crate::case::Case;

/// A whole journal of a run that was promoted.
fn sample() -> (Case, PathBuf, Vec<u8>) {
    let case = Case::new();
    let path = case.run().journal.expect("a journal");
    let bytes = std::fs::read(&path).expect("readable");
    (case, path, bytes)
}

/// A short journal: every byte of it is tried.
fn short() -> Vec<u8> {
    let (_case, path, bytes) = sample();
    let begun = match reader::parse(&bytes).expect("whole").lines.swap_remove(0).record {
        Record::Begun(begun) => begun,
        other => panic!("the first record is {other:?}"),
    };
    let folder = path.with_file_name("short");
    std::fs::create_dir(&folder).unwrap();
    let at = "2026-11-21T05:35:01Z".parse().expect("a time");
    let mut journal = Journal::create(&folder, begun, b"{}", at).expect("created");
    let step = |step: &str| Record::Intent { step: step.to_owned(), creates: None };
    for record in [step("a"), step("b \u{1f980}"), Record::StagingDiscarded] {
        journal.write(at, record).expect("written");
    }
    std::fs::read(journal.path()).expect("readable")
}

#[test]
fn it_reads_back_whole() {
    let (_case, _, bytes) = sample();
    let read = reader::parse(&bytes).expect("it holds together");
    assert_eq!((read.tail, read.whole_bytes), (Tail::Whole, bytes.len() as u64));
    assert!(read.lines.len() > 40);
    let numbers: Vec<_> = read.lines.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (1..=read.lines.len() as u64).collect::<Vec<_>>());
}

/// A crash leaves a beginning of the file: it reads up to the last whole line and says so.
#[test]
fn cut_at_every_byte() {
    let bytes = short();
    for end in 0..bytes.len() {
        let read = reader::parse(&bytes[..end]).unwrap_or_else(|error| panic!("{end}: {error}"));
        let whole = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(read.lines.len(), whole, "cut at {end}");
        let torn = end as u64 - read.whole_bytes;
        let tail = if torn == 0 { Tail::Whole } else { Tail::Torn { bytes: torn as usize } };
        assert_eq!(read.tail, tail, "cut at {end}");
    }
}

/// Every bit: damage is found wherever it is. Only a lost last newline looks like a crash, and is said.
#[test]
fn flipped_at_every_byte() {
    let bytes = short();
    let lines = reader::parse(&bytes).expect("it holds together").lines.len();
    for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << bit;
        match reader::parse(&damaged) {
            Err(error) => assert!(matches!(error.code.id, "JRN901" | "JRN903"), "{at}: {error}"),
            Ok(read) => {
                assert_eq!(at, bytes.len() - 1, "a flip at {at} went unseen");
                assert!(matches!(read.tail, Tail::Torn { .. }) && read.lines.len() < lines);
            }
        }
    }
}

/// Lines that are gone, doubled or exchanged keep their sums, but not their chain.
#[test]
fn the_chain_holds_lines_in_their_place() {
    let (_case, _, bytes) = sample();
    let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let orders: [Vec<usize>; 3] = [vec![0, 1, 3, 4], vec![0, 1, 1, 2], vec![0, 2, 1, 3]];
    for order in orders {
        let changed: Vec<u8> = order.iter().flat_map(|at| lines[*at].to_vec()).collect();
        let error = reader::parse(&changed).expect_err("out of order");
        assert_eq!(error.code.id, "JRN901", "{order:?}");
    }
}

#[test]
fn lines_that_are_missing_at_the_end_show_in_the_view() {
    let (case, path, bytes) = sample();
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    std::fs::write(&path, &bytes[..last]).unwrap();
    let error = read_run(path.parent().unwrap()).expect_err("a record is gone");
    assert_eq!(error.code.id, "JRN901");
    let run = status::read(&case.state(), None).unwrap();
    assert_eq!(run.state, RunState::Unreadable);
    assert!(run.sentence.contains("are missing [JRN901]"), "{}", run.sentence);
}

#[test]
fn a_newer_journal_is_not_guessed_at() {
    let (_case, _, bytes) = sample();
    let newer = [b"{\"v\":3,".as_slice(), &bytes[7..]].concat();
    assert_eq!(reader::parse(&newer).expect_err("newer").code.id, "JRN903");
    assert_eq!(reader::parse(b"{\"v\":3,\"se").expect_err("newer").code.id, "JRN903");
}

/// Written by the program of format 1; it must be read for ever.
#[test]
fn an_old_journal_is_read() {
    let read = reader::parse(include_bytes!("journal-v1.jsonl")).expect("it holds together");
    assert!(read.lines.iter().all(|line| line.v == 1));
    assert_eq!(read.lines.len(), 88);
    let view = read.view;
    assert_eq!(view.closed, Some(Closing::Promoted));
    assert_eq!(Told::of(&view), Told::PromotedFirst);
    let table = &view.tables["order_items"];
    assert_eq!((table.scanned, table.written, table.rejected), (1412, 1412, 0));
    assert_eq!(view.backups.len(), 1);
}

/// A program of format 1 says that it cannot read what this one writes: it looks at the version
/// before anything else.
#[test]
fn every_line_begins_with_its_version() {
    let (_case, _, bytes) = sample();
    let start = format!("{{\"v\":{FORMAT_VERSION},\"seq\":");
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        assert!(line.starts_with(start.as_bytes()), "{}", String::from_utf8_lossy(line));
    }
}

/// The compiled plan beside the journal: any byte changed or cut is found before anything is done
/// with it.
#[test]
fn a_damaged_compiled_plan_is_named() {
    let (_case, path, _) = sample();
    let folder = path.parent().unwrap();
    let plan = folder.join("compiled-plan.json");
    let bytes = std::fs::read(&plan).unwrap();
    assert!(kept_plan(folder).is_ok());
    for at in (0..bytes.len()).step_by(17) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let cut = bytes[..at].to_vec();
        for bytes in [damaged, cut] {
            std::fs::write(&plan, bytes).unwrap();
            assert_eq!(kept_plan(folder).expect_err("damaged").code.id, "JRN901", "{at}");
        }
    }
    std::fs::remove_file(&plan).unwrap();
    assert_eq!(kept_plan(folder).expect_err("gone").code.id, "JRN901");
}
