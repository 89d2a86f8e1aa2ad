//! `checks:`.

use diagnostics::Spanned;

use crate::model::{Check, CheckMoment, Expect, Invariant, Plan};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

pub(crate) const CHECKS: &[&str] = &["before", "staged", "after", "invariants"];
pub(crate) const CHECK: &[&str] = &["name", "sql", "expect", "engine"];
pub(crate) const INVARIANT: &[&str] = &["name", "source", "sql", "source_sql", "target_sql"];

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
            None => (self.side(&fields, "source_sql"), self.side(&fields, "target_sql")),
        };
        let (source_sql, target_sql) = (source_sql?, target_sql?);
        Some(Invariant { name: name?, source, source_sql, target_sql })
    }

    fn side(&mut self, fields: &Fields<'_>, key: &str) -> Option<diagnostics::SourceText> {
        let help = "give `source_sql` and `target_sql`, or `sql` where the text is the same";
        let entry = fields.required(self, key, help)?;
        self.sql_of(entry)
    }
}
