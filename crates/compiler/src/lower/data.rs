//! Where each table's rows come from, and the steps that bring and compare them.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Span, Spanned, code, did_you_mean};
use ir::{Action, ColumnSource, Conversion, Load, LoadColumn, LoadSource, OnMisfit};
use plan::model::{self, Apart, ColumnValue, LoadFrom};
use sql::create_table::PieceKind;
use sql::{AlterAction, Class};

use super::{Lowering, locks};
use crate::item::{Item, Role, TableFacts};
use crate::resolve::{Context, Resolved, unknown, unknown_column};
use crate::stages;

/// By folded table name; tables that start empty are not there.
pub(crate) type Loads = BTreeMap<String, (Load, Span)>;

/// Finds the rows of every table that takes some.
pub(crate) fn loads(cx: &mut Context<'_>, resolved: &Resolved) -> Loads {
    let mut loads = Loads::new();
    let mut ruled = BTreeMap::new();
    let plan = cx.plan;
    for rule in &plan.loads {
        let key = cx.dialect.key(&rule.table.value);
        let Some(facts) = resolved.tables.get(&key) else {
            let known = resolved.tables.values().map(|facts| facts.name.clone()).collect();
            cx.find(unknown("table", &rule.table.value, rule.table.span, &known));
            continue;
        };
        ruled.insert(key.clone(), ());
        if let Some(load) = by_rule(cx, facts, rule) {
            loads.insert(key, (load, rule.table.span));
        }
    }
    for (key, facts) in &resolved.tables {
        if ruled.contains_key(key) || !facts.holds_rows {
            continue;
        }
        let place = resolved.items[facts.item].place;
        if let Some(source) = source_of_table(cx, facts, place) {
            let from = LoadSource::Table(facts.name.clone());
            let load = Load {
                table: facts.name.clone(),
                source,
                from,
                columns: Vec::new(),
                filter: None,
                offset: None,
                merge: None,
            };
            loads.insert(key.clone(), (load, place));
        }
    }
    offsets(cx, &loads);
    loads
}

fn by_rule(cx: &mut Context<'_>, facts: &TableFacts, rule: &model::Load) -> Option<Load> {
    let columns = rule.columns.iter().filter_map(|column| column_rule(cx, facts, column)).collect();
    let (source, from) = match &rule.from {
        LoadFrom::Nothing(_) => return None,
        LoadFrom::Default => {
            let source = source_of_table(cx, facts, rule.table.span)?;
            (source, LoadSource::Table(facts.name.clone()))
        }
        LoadFrom::Table { source: from, table } => {
            (source(cx, from.as_ref(), table.span)?, LoadSource::Table(table.value.clone()))
        }
        LoadFrom::Query { source: from, sql } => {
            (source(cx, from.as_ref(), sql.span)?, LoadSource::Query(sql.text.clone()))
        }
    };
    let filter = rule.filter.as_ref().map(|filter| filter.text.clone());
    let offset = own_offset(cx, facts, rule);
    let merge = rule.merge.as_ref().map(|merge| merged(cx, facts, rule, merge));
    Some(Load { table: facts.name.clone(), source, from, columns, filter, offset, merge })
}

/// Columns by which rows are known must be the same in every file, so none is kept apart.
fn merged(
    cx: &mut Context<'_>,
    facts: &TableFacts,
    rule: &model::Load,
    merge: &model::Merge,
) -> ir::Merge {
    for by in &merge.by {
        if let Some(finding) = unknown_column(cx, facts, &by.value, by.span) {
            cx.find(finding);
        }
        let same = |column: &&model::ColumnRule| cx.dialect.same(&column.column.value, &by.value);
        let apart = rule.columns.iter().find(same);
        if let Some(ColumnValue::Apart { table, .. }) = apart.map(|column| &column.value) {
            let message =
                format!("`{}` is kept apart in every file, so it merges nothing", by.value);
            cx.find(
                Diagnostic::new(&code::CONFLICTING_KEYS, message)
                    .label(by.span, "merged by")
                    .label(table.span, "kept apart here")
                    .help("keep the keys of the files apart, or merge the rows by them"),
            );
        }
    }
    ir::Merge {
        by: merge.by.iter().map(|by| by.value.clone()).collect(),
        conflict: match merge.conflict {
            model::Conflict::First => ir::Conflict::First,
            model::Conflict::Last => ir::Conflict::Last,
            model::Conflict::Equal => ir::Conflict::Equal,
        },
    }
}

fn column_rule(
    cx: &mut Context<'_>,
    facts: &TableFacts,
    rule: &model::ColumnRule,
) -> Option<LoadColumn> {
    if let Some(finding) = unknown_column(cx, facts, &rule.column.value, rule.column.span) {
        cx.find(finding);
        return None;
    }
    let value = match &rule.value {
        ColumnValue::Column(name) => ColumnSource::Column(name.value.clone()),
        ColumnValue::Sql(sql) => ColumnSource::Sql(sql.text.clone()),
        ColumnValue::Apart { from, by, table } => apart(&from.value, *by, &table.value),
        ColumnValue::Omit(_) => ColumnSource::Omit,
    };
    let conversion = rule.conversion.as_ref().map(|conversion| lower(conversion.value));
    let on_misfit = rule.misfit.as_ref().map(|misfit| on_misfit(&misfit.value));
    Some(LoadColumn {
        column: rule.column.value.clone(),
        value,
        conversion,
        on_misfit: on_misfit.unwrap_or_default(),
    })
}

/// The column that keeps the table's own keys apart by an offset.
fn own_offset(cx: &Context<'_>, facts: &TableFacts, rule: &model::Load) -> Option<String> {
    let own = cx.dialect.key(&facts.name);
    rule.columns.iter().find_map(|column| match &column.value {
        ColumnValue::Apart { from, by: Apart::Offset, table } => {
            (cx.dialect.key(&table.value) == own).then(|| from.value.clone())
        }
        _ => None,
    })
}

fn apart(from: &str, by: Apart, table: &str) -> ColumnSource {
    let column = sql::quote_ident(from, sql::Dialect::Sqlite);
    ColumnSource::Sql(match by {
        Apart::Offset => format!("{column} + :{}", ir::offset_parameter(table)),
        Apart::Uuid => {
            format!("cutover_uuid({}, :file_path, {column})", sql::quote_literal(table))
        }
    })
}

/// Whoever is offset by a table needs that table's own keys to be, in the same files.
fn offsets(cx: &mut Context<'_>, loads: &Loads) {
    let plan = cx.plan;
    for rule in &plan.loads {
        let Some((load, _)) = loads.get(&cx.dialect.key(&rule.table.value)) else { continue };
        for column in &rule.columns {
            let ColumnValue::Apart { by: Apart::Offset, table, .. } = &column.value else {
                continue;
            };
            let found = loads.get(&cx.dialect.key(&table.value)).map(|(load, _)| load);
            let named = |known: &Load| known.table == table.value && known.offset.is_some();
            if found.is_some_and(|known| known.source == load.source && named(known)) {
                continue;
            }
            let message =
                format!("`{}` has no offset in the files of source `{}`", table.value, load.source);
            let help = format!(
                "give its key one, spelled as the table is: `load: {{ {0}: {{ columns: {{ id: {{ \
                 offset: {0} }} }} }} }}`",
                table.value
            );
            cx.find(
                Diagnostic::new(&code::OFFSET_UNKNOWN, message)
                    .label(table.span, "named here")
                    .help(help),
            );
        }
    }
}

fn on_misfit(misfit: &model::OnMisfit) -> OnMisfit {
    match misfit {
        model::OnMisfit::Stop => OnMisfit::Stop,
        model::OnMisfit::SetNull => OnMisfit::SetNull,
        model::OnMisfit::Reject => OnMisfit::Reject,
        model::OnMisfit::Default(value) => OnMisfit::Default(value.clone()),
    }
}

fn lower(conversion: model::Conversion) -> Conversion {
    match conversion {
        model::Conversion::UnixSeconds => Conversion::UnixSeconds,
        model::Conversion::UnixMilliseconds => Conversion::UnixMilliseconds,
        model::Conversion::UnixMicroseconds => Conversion::UnixMicroseconds,
        model::Conversion::JulianDay => Conversion::JulianDay,
        model::Conversion::ReplaceInvalidText => Conversion::ReplaceInvalidText,
        model::Conversion::Uuid => Conversion::Uuid,
        model::Conversion::JsonArray => Conversion::JsonArray,
    }
}

/// The named source, or the only one there is.
pub(super) fn source(
    cx: &mut Context<'_>,
    named: Option<&Spanned<String>>,
    place: Span,
) -> Option<String> {
    let names: Vec<String> =
        cx.plan.sources.iter().map(|source| source.name.value.clone()).collect();
    let Some(named) = named else {
        return match names.as_slice() {
            [only] => Some(only.clone()),
            _ => {
                let what = "which source this reads is not said".to_owned();
                cx.find(which_source(what, place, &names, None));
                None
            }
        };
    };
    if names.contains(&named.value) {
        return Some(named.value.clone());
    }
    let message = format!("the plan has no source `{}`", named.value);
    let finding = Diagnostic::new(&code::UNKNOWN_SOURCE, message).label(named.span, "named here");
    cx.find(match did_you_mean(&named.value, names.iter().map(String::as_str)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("the sources are {}", names.join(", "))),
    });
    None
}

fn source_of_table(cx: &mut Context<'_>, facts: &TableFacts, place: Span) -> Option<String> {
    let names: Vec<String> =
        cx.plan.sources.iter().map(|source| source.name.value.clone()).collect();
    if let [only] = names.as_slice() {
        return Some(only.clone());
    }
    let what = format!("nothing says where the rows of table `{}` come from", facts.name);
    cx.find(which_source(what, place, &names, Some(&facts.name)));
    None
}

fn which_source(what: String, place: Span, names: &[String], table: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::new(&code::DATA_WITHOUT_SOURCE, what).label(place, "needed here");
    match names {
        [] => finding.help("name a database under `sources:`, or write `load: { table: none }`"),
        [first, ..] => {
            finding.note(format!("the sources are {}", names.join(", "))).help(match table {
                Some(table) => format!("write `load: {{ {table}: {first}.{table} }}`, or `none`"),
                None => format!("add `source: {first}`"),
            })
        }
    }
}

impl Lowering<'_> {
    /// Loads, their verification, sequences and statistics.
    pub(super) fn data(&mut self, cx: &Context<'_>) {
        let resolved = self.resolved;
        for (key, facts) in &resolved.tables {
            let create = resolved.items[facts.item].id.clone();
            let mut ready = create.clone();
            if let Some((load, place)) = self.loads.get(key) {
                let stage = self.owners.tables.get(key).copied().unwrap_or_default();
                ready = self.load(cx, load.clone(), stage, *place, &create);
            }
            self.ready.insert(key.clone(), ready);
        }
        for (key, facts) in &resolved.tables {
            if self.postgres && self.loads.contains_key(key) && self.has_sequence(cx, facts) {
                self.sequences(facts, key);
            }
            self.analyze(cx, &facts.name, resolved.items[facts.item].place);
        }
        for item in &resolved.items {
            if item.role == Role::MaterializedView && !item.change {
                self.analyze(cx, &item.key.name, item.place);
            }
        }
    }

    /// Returns the id of the step after which the rows are there and compared.
    fn load(
        &mut self,
        cx: &Context<'_>,
        load: Load,
        stage: usize,
        place: Span,
        create: &str,
    ) -> String {
        let (table, source) = (load.table.clone(), load.source.clone());
        let id = format!("load/{table}");
        let at = self.push(&id, stage, Action::Load(load), place);
        self.drafts[at].locks = locks::exclusive(&table);
        self.need(at, create, format!("table `{table}` is there before its rows"), place);
        let backup = format!("backup/{source}");
        self.need(at, &backup, format!("rows come from the snapshot of `{source}`"), place);
        for change in self.completing(cx, &table) {
            self.need(at, &change, format!("table `{table}` is complete before its rows"), place);
        }
        let verify = format!("verify-rows/{table}");
        let step = self.push(&verify, stage, Action::VerifyRows { table: table.clone() }, place);
        self.drafts[step].locks = locks::reading(&table);
        self.need(step, &id, format!("the rows of `{table}` are compared once loaded"), place);
        verify
    }

    /// Changes of the table, and its partitions.
    fn completing(&self, cx: &Context<'_>, table: &str) -> Vec<String> {
        let table = cx.dialect.key(table);
        let changes =
            self.index.on_table(&table).iter().filter(|&&at| {
                matches!(self.item(at).role, Role::TableChange | Role::SequenceChange)
            });
        let all = changes.chain(self.index.partitions_of(&table));
        all.map(|&at| self.item(at).id.clone()).collect()
    }

    fn has_sequence(&self, cx: &Context<'_>, facts: &TableFacts) -> bool {
        let key = cx.dialect.key(&facts.name);
        let numbers = |item: &Item| match &item.statement.class {
            Class::CreateTable { .. } => item
                .definition
                .as_ref()
                .is_some_and(|definition| definition.columns.iter().any(is_numbered)),
            Class::AlterTable { actions, .. } => actions.iter().any(|action| {
                matches!(
                    action,
                    AlterAction::AddIdentity { .. }
                        | AlterAction::SetDefault { .. }
                        | AlterAction::AddColumn { .. }
                )
            }),
            Class::AlterSequence { .. } => true,
            _ => false,
        };
        facts.open || self.index.on_table(&key).iter().any(|&at| numbers(self.item(at)))
    }

    fn sequences(&mut self, facts: &TableFacts, key: &str) {
        let place = self.resolved.items[facts.item].place;
        let table = facts.name.clone();
        let stage = self.stages.built_in(stages::ANALYZE);
        let id = format!("set-sequences/{table}");
        let ready = self.ready.get(key).cloned().unwrap_or_default();
        let reason = format!("the sequences of `{table}` start after its highest values");
        let at = self.push(id, stage, Action::SetSequences { table: table.clone() }, place);
        self.drafts[at].locks = locks::reading(&table);
        self.need(at, &ready, reason, place);
    }

    fn analyze(&mut self, cx: &Context<'_>, table: &str, place: Span) {
        let stage = self.stages.built_in(stages::ANALYZE);
        let key = cx.dialect.key(table);
        let action = Action::Analyze { table: table.to_owned() };
        let at = self.push(format!("analyze/{table}"), stage, action, place);
        self.drafts[at].locks = locks::analyzing(table);
        if let Some(ready) = self.ready.get(&key).cloned() {
            self.need(
                at,
                &ready,
                format!("statistics are gathered on the rows of `{table}`"),
                place,
            );
        }
        let relation = self.index.relations.get(&key).into_iter().flatten();
        let view = relation.filter(|&&at| self.item(at).role == Role::MaterializedView);
        let built = self.index.on_table(&key).iter().filter(|&&at| {
            matches!(
                self.item(at).role,
                Role::Index | Role::PrimaryKey | Role::Constraint | Role::MaterializedView
            )
        });
        let built: Vec<(String, String)> = view
            .chain(built)
            .map(|&at| (self.item(at).id.clone(), self.item(at).key.shown()))
            .collect();
        for (id, shown) in built {
            self.need(at, &id, format!("statistics are gathered with {shown}"), place);
        }
    }
}

/// Identity, `serial`, or a default from a sequence.
fn is_numbered(column: &sql::create_table::Column) -> bool {
    let serial = column
        .data_type
        .as_ref()
        .is_some_and(|data_type| data_type.text.to_lowercase().contains("serial"));
    let default = column
        .definition
        .as_ref()
        .is_some_and(|definition| definition.text.to_lowercase().contains("nextval"));
    serial || default || column.piece(PieceKind::Identity).is_some()
}
