//! Compiled plans: raw bytes, and any text with the sum that belongs to it; read, written, explained.

use ir::CompiledPlan;

use super::sum_of;

const SUM: &[u8] = b",\n  \"sum\": \"";

pub(super) fn judge(bytes: &[u8]) {
    judge_read(bytes);
    judge_read(&summed(bytes));
}

fn judge_read(bytes: &[u8]) {
    let plan = match CompiledPlan::from_bytes(bytes) {
        Ok(plan) => plan,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = plan.to_bytes();
    assert_eq!(CompiledPlan::from_bytes(&written).as_ref(), Ok(&plan), "it reads back");
    assert_eq!(CompiledPlan::from_bytes(&written).map(|plan| plan.digest()), Ok(plan.digest()));
    let explained = compiler::Explanation::of(&plan);
    assert_eq!(explained.digest, plan.digest().to_string());
    plan.settings.chunk();
    plan.settings.index_memory();
    plan.settings.index_workers();
}

/// The input with its sum, or its last brace, exchanged for the sum of what stands before it: without
/// that no changed byte would come to the decoder.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let body = match bytes.windows(SUM.len()).rposition(|window| window == SUM) {
        Some(at) => &bytes[..at],
        None => {
            let text = bytes.trim_ascii_end();
            text.strip_suffix(b"}").unwrap_or(text).trim_ascii_end()
        }
    };
    [body, SUM, sum_of(body).as_bytes(), b"\"\n}\n"].concat()
}
