//! Journals: raw bytes, and records that are whole but say anything, in lines that hold together.

use runtime::journal::reader::{self, Read};
use runtime::journal::{FORMAT_VERSION, Tail, format};

use super::sum_of;

pub(super) fn judge(bytes: &[u8]) {
    judge_read(bytes);
    let mended = mended(bytes);
    let read = judge_read(&mended);
    if let Some(read) = read.filter(|read| !read.lines.is_empty()) {
        judge_damage(&mended, read.lines.len());
    }
}

fn judge_read(bytes: &[u8]) -> Option<Read> {
    match reader::parse(bytes) {
        Ok(read) => {
            assert_eq!(read.view.seq, read.lines.len() as u64, "every line is in the view");
            let torn = bytes.len() as u64 - read.whole_bytes;
            let tail = if torn == 0 { Tail::Whole } else { Tail::Torn { bytes: torn as usize } };
            assert_eq!(read.tail, tail);
            assert!(serde_json::to_vec(&read.view).is_ok(), "the view has a readable form");
            Some(read)
        }
        Err(error) => {
            assert!(["JRN901", "JRN903"].contains(&error.code.id), "{error}");
            assert!(error.help.is_some(), "no way out: {error}");
            None
        }
    }
}

/// The lines of the input as records of a journal, numbered, chained and summed by the rules of its
/// format, written here a second time.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut previous) = (Vec::new(), format::NO_PREVIOUS.to_owned());
    for (at, record) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = at + 1;
        let head = format!(
            "{{\"v\":{FORMAT_VERSION},\"seq\":{number},\"prev\":\"{previous}\",\
             \"at\":\"2026-11-21T05:35:01Z\",\"record\":"
        );
        let body = [head.as_bytes(), record].concat();
        previous = sum_of(&body);
        out.extend_from_slice(&body);
        out.extend_from_slice(format!(",\"sum\":\"{previous}\"}}\n").as_bytes());
    }
    out
}

/// Wherever one bit of a whole journal changes, or it is cut, that is found.
fn judge_damage(whole: &[u8], lines: usize) {
    let at = whole.iter().map(|byte| usize::from(*byte)).sum::<usize>() % whole.len();
    let mut flipped = whole.to_vec();
    flipped[at] ^= 1 << (at % 8);
    if let Ok(read) = reader::parse(&flipped) {
        assert_eq!(at, whole.len() - 1, "a flip at {at} went unseen");
        assert!(read.lines.len() < lines && read.tail != Tail::Whole);
    }
    let cut = reader::parse(&whole[..at]).expect("a journal that was cut reads up to there");
    assert_eq!(cut.lines.len(), whole[..at].iter().filter(|byte| **byte == b'\n').count());
}
