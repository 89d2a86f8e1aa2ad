//! What the sorts of index builds may write to temporary files, where somebody limits it.

use diagnostics::code::PREFLIGHT;
use runtime::EngineError;
use runtime::engine::{SortLimit, SortedColumn, SortedIndex};

use super::Checks;
use crate::scratch::HOME;

/// `plan_create_index_workers` gives each process of a build 32 MB at least, or takes fewer.
const LEAST_MEMORY: u64 = 32 << 20;

/// Bytes of an entry that no column gives: its length on the tape, and `IndexTupleData`.
const HEAD: u64 = 4 + 8;

impl Checks<'_> {
    /// Of the indexes that the proof has just built on empty tables.
    pub(super) fn sorts(&mut self) -> Result<(), EngineError> {
        let rows = self.session.rows(&PREFLIGHT, LIMIT, &[])?;
        let limit = rows.first().map(|row| (row.get::<_, i64>(0), row.get::<_, String>(1)));
        let Some((bytes, setting)) = limit else { return Ok(()) };
        let mut indexes = Vec::<SortedIndex>::new();
        for row in self.session.rows(&PREFLIGHT, SORTED, &[&HOME])? {
            let index: String = row.get(0);
            if indexes.last().is_none_or(|last| last.index != index) {
                let table = row.get(1);
                indexes.push(SortedIndex { index, table, entry_bytes: HEAD, columns: Vec::new() });
            }
            // The last one is that which was just pushed, or the one before it.
            let Some(index) = indexes.last_mut() else { continue };
            let width = row.get::<_, Option<i64>>(3).map(i64::unsigned_abs);
            index
                .columns
                .extend(row.get::<_, Option<String>>(2).map(|name| SortedColumn { name, width }));
        }
        let settings = &self.plan.settings;
        let most = (settings.index_memory() / LEAST_MEMORY).max(1);
        let processes = most.min(1 + u64::from(settings.index_workers()));
        let bytes = bytes.unsigned_abs();
        self.out.sort_limit = Some(SortLimit { bytes, processes, setting, indexes });
        Ok(())
    }
}

/// In bytes, and who has set it; no row: there is no limit.
const LIMIT: &str = "select setting::bigint * 1024, format('`temp_file_limit` (from: %s)', source) \
    from pg_settings where name = 'temp_file_limit' and setting::bigint >= 0";

/// Columns of the B-trees of schema $1 with their width, which only texts and bytes have by their
/// length; other types of no fixed width, and expressions, are not counted.
const SORTED: &str = "select i.relname::text, t.relname::text, \
        case when a.attlen > 0 or p.typcategory = 'S' or p.typname = 'bytea' then a.attname::text end, \
        case when a.attlen > 0 then a.attlen::bigint end \
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid \
    join pg_namespace n on n.oid = i.relnamespace join pg_am m on m.oid = i.relam \
    cross join lateral unnest(x.indkey::smallint[]) with ordinality as k (attnum, position) \
    left join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum and k.attnum > 0 \
    left join pg_type p on p.oid = a.atttypid \
    where n.nspname = $1 and m.amname = 'btree' and t.relkind = 'r' and x.indpred is null \
    order by i.relname, k.position";
