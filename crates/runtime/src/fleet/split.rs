//! How a load is cut into units: by files, and a large table by ranges of its rowids, so that several
//! connections can load it and a run that died goes on where it was.

use ir::Load;

use crate::EngineError;
use crate::binding::Binding;
use crate::engine::{FleetUnit, Rowids};
use crate::executor::Context;
use crate::sources::SourceFile;

/// In the order of the files, and of the rowids within a file.
pub(super) fn units(context: &Context<'_>, load: &Load) -> Result<Vec<FleetUnit>, EngineError> {
    let files = context.files.of(&load.source).iter().enumerate();
    let units = files.map(|(at, file)| match chunked(context, load, at)? {
        Some(chunks) => Ok(chunks),
        None => Ok(vec![FleetUnit { file: at, rows: expected(load, file), rowids: None }]),
    });
    Ok(units.collect::<Result<Vec<_>, EngineError>>()?.concat())
}

/// Rows to be expected of a file: those of the table, or of its largest one for a query.
fn expected(load: &Load, file: &SourceFile) -> u64 {
    match Binding::whole_table(load) {
        Some(table) => file.rows(table).unwrap_or(0),
        None => file.state.tables.values().copied().max().unwrap_or(0),
    }
}

/// The chunks of a large table in one file; `None`: it is loaded whole.
fn chunked(
    context: &Context<'_>,
    load: &Load,
    file: usize,
) -> Result<Option<Vec<FleetUnit>>, EngineError> {
    let (Some(table), Some(chunk)) =
        (Binding::whole_table(load), context.session.plan.settings.chunk())
    else {
        return Ok(None);
    };
    // What a view gives is not known beforehand.
    let Some(rows) = context.held(&load.source, file, table).filter(|rows| *rows > chunk) else {
        return Ok(None);
    };
    let cuts = context.snapshot(&load.source, file)?.cuts(table, chunk)?;
    if cuts.is_empty() {
        return Ok(None);
    }
    let ends = cuts.iter().copied().map(Some).chain([None]);
    let starts = [None].into_iter().chain(cuts.iter().copied().map(Some));
    let last = rows.saturating_sub(chunk * cuts.len() as u64);
    let unit = |(after, up_to): (Option<i64>, Option<i64>)| FleetUnit {
        file,
        rows: if up_to.is_some() { chunk } else { last },
        rowids: Some(Rowids { after, up_to }),
    };
    Ok(Some(starts.zip(ends).map(unit).collect()))
}
