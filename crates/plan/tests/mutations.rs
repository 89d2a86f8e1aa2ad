//! Whatever the bytes, reading a plan ends with a model or a finding, and every place that it gives
//! is inside the file.

use diagnostics::SourceId;
use proptest::prelude::*;
use testkit::hostile::judge;

const GOOD: &str = include_str!("corpus/good/everything.yaml");

/// One change to the text of a plan.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize, usize),
    Insert(usize, String),
    CopyTo(usize, usize, usize),
    Byte(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..GOOD.len();
    let noise = "[\\[\\]{}:,&*!|>'\"# \n\t%@`\\\\\u{0}é<~0-9a-c-]{1,6}";
    prop_oneof![
        (at.clone(), 1..200usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (at.clone(), noise).prop_map(|(at, text)| Change::Insert(at, text)),
        (at.clone(), 1..200usize, at.clone()).prop_map(|(a, n, b)| Change::CopyTo(a, n, b)),
        (at, any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let end = |at: usize, length: usize, bytes: &[u8]| (at + length).min(bytes.len());
    match change {
        Change::Remove(at, length) => {
            let at = (*at).min(bytes.len());
            bytes.drain(at..end(at, *length, bytes));
        }
        Change::Insert(at, text) => {
            let at = (*at).min(bytes.len());
            bytes.splice(at..at, text.bytes());
        }
        Change::CopyTo(from, length, to) => {
            let (from, to) = ((*from).min(bytes.len()), (*to).min(bytes.len()));
            let part = bytes[from..end(from, *length, bytes)].to_vec();
            bytes.splice(to..to, part);
        }
        Change::Byte(at, byte) => {
            if let Some(place) = bytes.get_mut(*at) {
                *place = *byte;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_changed_plan_never_breaks_the_reader(changes in prop::collection::vec(change(), 1..6)) {
        let mut bytes = GOOD.as_bytes().to_vec();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        judge("plan", &bytes);
    }

    #[test]
    fn noise_never_breaks_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        judge("plan", &bytes);
    }

    #[test]
    fn yaml_like_noise_never_breaks_the_reader(
        text in "(cutover: 1\n)?(name: a\n)?[\\[\\]{}:,&*!|>'\"# \n\t%@`\\\\é<~0-9a-c-]{0,80}",
    ) {
        judge("plan", text.as_bytes());
    }
}

#[test]
fn every_prefix_of_a_plan_is_read() {
    for end in (0..GOOD.len()).filter(|&end| GOOD.is_char_boundary(end)).step_by(7) {
        let (plan, findings) = plan::parse(SourceId(0), &GOOD[..end]);
        assert!(plan.is_some() || !findings.is_empty(), "{end}");
    }
}
