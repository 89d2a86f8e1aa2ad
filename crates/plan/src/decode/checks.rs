//! `checks:`.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, Span, Spanned, code};

use crate::model::{Check, CheckMoment, EngineKind, Expect, Invariant, Plan};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const CHECKS: &[&str] = &["before", "staged", "after", "invariants"];
pub(crate) const CHECK: &[&str] = &["name", "sql", "expect", "engine"];
pub(crate) const INVARIANT: &[&str] = &["name", "source", "sql", "source_sql", "target_sql"];

const SIDES: &str = "give `source_sql` and `target_sql`, or `sql` where the text is the same";

const MOMENTS: &[(&str, CheckMoment)] = &[
    ("before", CheckMoment::Before),
    ("staged", CheckMoment::Staged),
    ("after", CheckMoment::After),
];

impl Decoder {
    pub(super) fn checks(&mut self, fields: &Fields<'_>, plan: &mut Plan) {
        let Some(entry) = fields.section("checks") else { return };
        let Some(checks) = self.fields(&entry.value, entry.key.span, "`checks`", CHECKS) else {
            return;
        };
        for (key, moment) in MOMENTS {
            let Some(list) = checks.get(key) else { continue };
            for node in self.items(list, "a list of checks") {
                plan.checks.extend(self.check(node, *moment));
            }
        }
        if let Some(list) = checks.get("invariants") {
            for node in self.items(list, "a list of invariants") {
                plan.invariants.extend(self.invariant(node));
            }
        }
        self.check_names(plan);
    }

    /// Reports and journals call a check by its name. One for each engine may share it.
    fn check_names(&mut self, plan: &Plan) {
        let checks = plan.checks.iter().map(|check| (&check.name, check.engine.as_ref()));
        let named = checks.chain(plan.invariants.iter().map(|same| (&same.name, None)));
        let mut seen: BTreeMap<&str, Vec<(Span, Option<EngineKind>)>> = BTreeMap::new();
        for (name, engine) in named {
            let engine = engine.map(|engine| engine.value);
            let apart = |other: &Option<EngineKind>| {
                engine.zip(*other).is_some_and(|(one, other)| one != other)
            };
            let others = seen.entry(&name.value).or_default();
            if let Some((first, _)) = others.iter().find(|(_, other)| !apart(other)) {
                let message = format!("two checks have the name `{}`", name.value);
                self.report(
                    Diagnostic::new(&code::DUPLICATE_NAME, message)
                        .label(name.span, "given again here")
                        .label(*first, "first given here")
                        .help("let each name say what holds"),
                );
            } else {
                others.push((name.span, engine));
            }
        }
    }

    fn check(&mut self, node: &Node, moment: CheckMoment) -> Option<Check> {
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "a check", CHECK)?;
        let name = self.check_name_of(&fields);
        let sql = fields
            .required(self, "sql", "add the query: `sql: select … where …`")
            .and_then(|entry| self.sql_of(entry));
        let expect = match fields.get("expect") {
            Some(entry) => self.expect(entry),
            None => Some(Expect::NoRows),
        };
        let engine = self.engine_choice(&fields);
        Some(Check { name: name?, moment, sql: sql?, expect: expect?, engine })
    }

    fn check_name_of(&mut self, fields: &Fields<'_>) -> Option<Spanned<String>> {
        let help = "say what holds: `name: no-negative-totals`";
        let entry = fields.required(self, "name", help)?;
        self.sentence(entry, "a name")
    }

    fn expect(&mut self, entry: &Entry) -> Option<Expect> {
        if matches!(entry.value.kind, Kind::Mapping(_)) {
            let fields = self.fields(&entry.value, entry.key.span, "`expect`", &["value"])?;
            let value = fields.one_of(self, &["value"])?;
            return self.text_of(value).map(|text| Expect::Value(text.value));
        }
        let text = self.text("expect", &entry.value, "`no-rows`, `true` or `{ value: … }`")?;
        match text.value.as_str() {
            "no-rows" => Some(Expect::NoRows),
            "true" => Some(Expect::True),
            other => {
                let known = ["no-rows", "true", "{ value: … }"];
                self.unknown_value("expect", other, text.span, &known);
                None
            }
        }
    }

    fn invariant(&mut self, node: &Node) -> Option<Invariant> {
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "an invariant", INVARIANT)?;
        let name = self.check_name_of(&fields);
        let source = fields.get("source").and_then(|entry| self.text_of(entry));
        let (source_sql, target_sql) = match fields.get("sql") {
            Some(both) => {
                fields.alone(self, both, &["name", "source"]);
                let sql = self.sql_of(both);
                (sql.clone(), sql)
            }
            None if fields.get("source_sql").or(fields.get("target_sql")).is_none() => {
                fields.required(self, "sql", SIDES);
                (None, None)
            }
            None => (self.side(&fields, "source_sql"), self.side(&fields, "target_sql")),
        };
        let (source_sql, target_sql) = (source_sql?, target_sql?);
        Some(Invariant { name: name?, source, source_sql, target_sql })
    }

    fn side(&mut self, fields: &Fields<'_>, key: &str) -> Option<diagnostics::SourceText> {
        let entry = fields.required(self, key, SIDES)?;
        self.sql_of(entry)
    }
}
