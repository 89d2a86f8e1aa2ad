//! `components:`: which kinds there are, and the kinds that are little more than SQL.

use diagnostics::Diagnostic;
use diagnostics::{SourceText, Span, Spanned, code};

use crate::model::{Body, Comment, Component, ComponentKind, EngineKind, Plan, View};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;

/// The keys under `components:`, in the order in which people build a schema.
pub(crate) const COMPONENTS: &[&str] = &[
    "include",
    "tables",
    "indexes",
    "constraints",
    "grants",
    "sequences",
    "views",
    "functions",
    "triggers",
    "types",
    "extensions",
    "policies",
    "comments",
];
pub(crate) const SEQUENCE: &[&str] = &["options", "sql", "engine"];
pub(crate) const VIEW: &[&str] = &["query", "materialized", "sql", "engine"];
pub(crate) const TYPE: &[&str] = &["enum", "sql", "engine"];
pub(crate) const EXTENSION: &[&str] = &["name", "engine"];
pub(crate) const COMMENT: &[&str] = &["text", "sql", "engine"];
pub(crate) const STATEMENT: &[&str] = &["sql", "engine"];
pub(crate) const ON_TABLE: &[&str] = &["table", "sql", "engine"];

/// What one entry says, before it has its name.
pub(super) struct Definition {
    pub(super) engine: Option<Spanned<EngineKind>>,
    pub(super) body: Option<Body>,
}

impl Decoder {
    /// The components in the order of the file, kind by kind.
    pub(super) fn components(&mut self, fields: &Fields<'_>, plan: &mut Plan) {
        let Some(entry) = fields.section("components") else { return };
        let Kind::Mapping(sections) = &entry.value.kind else {
            self.wrong_type("components", &entry.value, "a mapping of kinds to components");
            return;
        };
        self.fields(&entry.value, entry.key.span, "`components`", COMPONENTS);
        for section in sections {
            if section.key.value == "include" {
                plan.includes = self.includes(section);
            }
            let kind = ComponentKind::ALL.into_iter().find(|kind| kind.key() == section.key.value);
            if let Some(kind) = kind {
                plan.components.extend(self.section(kind, section));
            }
        }
    }

    fn section(&mut self, kind: ComponentKind, section: &Entry) -> Vec<Component> {
        match kind {
            ComponentKind::Grant => self.grants(section),
            ComponentKind::Extension => self.extensions(section),
            _ => self
                .entries(section, "a mapping of names to components")
                .iter()
                .filter_map(|entry| self.component(kind, entry))
                .collect(),
        }
    }

    fn component(&mut self, kind: ComponentKind, entry: &Entry) -> Option<Component> {
        let definition = self.definition(kind, entry)?;
        let engine = definition.engine.as_ref().map(|engine| engine.value);
        let valid = kind == ComponentKind::Comment || self.check_name(&entry.key, engine);
        let body = definition.body.filter(|_| valid)?;
        let span = entry.key.span.to(entry.value.span);
        Some(Component { kind, name: entry.key.clone(), engine: definition.engine, body, span })
    }

    fn definition(&mut self, kind: ComponentKind, entry: &Entry) -> Option<Definition> {
        if let Kind::Scalar(scalar) = &entry.value.kind
            && !scalar.is_nothing()
        {
            let empty = kind == ComponentKind::Sequence && scalar.is_null();
            return if empty { self.sequence(entry) } else { self.short_definition(kind, entry) };
        }
        match kind {
            ComponentKind::Table => self.table(entry),
            ComponentKind::Index => self.index(entry),
            ComponentKind::Constraint => self.constraint(entry),
            ComponentKind::Sequence => self.sequence(entry),
            ComponentKind::View => self.view(entry),
            ComponentKind::Type => self.data_type(entry),
            ComponentKind::Comment => self.comment(entry),
            ComponentKind::Trigger | ComponentKind::Policy => self.statement_on_table(entry),
            ComponentKind::Function | ComponentKind::Grant | ComponentKind::Extension => {
                self.statement(entry)
            }
        }
    }

    /// A text alone: a view's query, a comment's text, otherwise the whole statement.
    fn short_definition(&mut self, kind: ComponentKind, entry: &Entry) -> Option<Definition> {
        let body = match kind {
            ComponentKind::View => {
                let query = self.sql_of(entry)?;
                Body::View(View { query, materialized: false })
            }
            ComponentKind::Comment => {
                Body::Comment(Comment { object: entry.key.clone(), text: self.text_of(entry)? })
            }
            ComponentKind::Sequence => {
                let expected = "a mapping such as `{ options: start with 100 }`";
                self.wrong_type(&entry.key.value, &entry.value, expected);
                return None;
            }
            _ => Body::Sql(self.sql_of(entry)?),
        };
        Some(Definition { engine: None, body: Some(body) })
    }

    /// The whole statement, where `sql:` is given; every other key but those is excluded.
    pub(super) fn whole_statement(
        &mut self,
        fields: &Fields<'_>,
        beside: &[&str],
    ) -> Option<Option<Body>> {
        let entry = fields.get("sql")?;
        fields.alone(self, entry, beside);
        Some(self.sql_of(entry).map(Body::Sql))
    }

    fn statement(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "this component", STATEMENT)?;
        let engine = self.engine_choice(&fields);
        let sql = fields.required(self, "sql", "add the whole statement as `sql:`")?;
        Some(Definition { engine, body: self.sql_of(sql).map(Body::Sql) })
    }

    /// Triggers and policies: `table` beside the statement must be what the statement is about.
    fn statement_on_table(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "this component", ON_TABLE)?;
        let engine = self.engine_choice(&fields);
        let sql = fields.required(self, "sql", "add the whole statement as `sql:`");
        let sql = sql.and_then(|entry| self.sql_of(entry));
        let table = fields.get("table").and_then(|entry| self.name_of(entry));
        if let (Some(sql), Some(table)) = (&sql, &table)
            && !names_word(&sql.text, &table.value)
        {
            self.report(
                Diagnostic::new(
                    &code::CONFLICTING_KEYS,
                    format!("the statement does not name the table `{}`", table.value),
                )
                .label(table.span, "the table named here")
                .label(sql.span, "is not in this statement")
                .help("name the statement's own table, or leave `table` out"),
            );
        }
        Some(Definition { engine, body: sql.map(Body::Sql) })
    }

    fn sequence(&mut self, entry: &Entry) -> Option<Definition> {
        if let Kind::Scalar(_) = entry.value.kind {
            let body = Some(Body::Sequence { options: None });
            return Some(Definition { engine: None, body });
        }
        let fields = self.fields(&entry.value, entry.key.span, "a sequence", SEQUENCE)?;
        let engine = self.engine_choice(&fields);
        let body = self.whole_statement(&fields, &["engine"]).unwrap_or_else(|| {
            let options = fields.get("options").map(|entry| self.sql_of(entry));
            match options {
                Some(options) => options.map(|sql| Body::Sequence { options: Some(sql) }),
                None => Some(Body::Sequence { options: None }),
            }
        });
        Some(Definition { engine, body })
    }

    fn view(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "a view", VIEW)?;
        let engine = self.engine_choice(&fields);
        let body = self.whole_statement(&fields, &["engine"]).unwrap_or_else(|| {
            let query = fields.one_of(self, &["query", "sql"]);
            let query = query.and_then(|entry| self.sql_of(entry));
            let materialized = fields.get("materialized").and_then(|entry| self.flag(entry));
            let materialized = materialized.is_some_and(|flag| flag.value);
            query.map(|query| Body::View(View { query, materialized }))
        });
        Some(Definition { engine, body })
    }

    fn data_type(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "a type", TYPE)?;
        let engine = self.engine_choice(&fields);
        let body = self.whole_statement(&fields, &["engine"]).unwrap_or_else(|| {
            let values = fields.one_of(self, &["enum", "sql"])?;
            let nodes = self.one_or_more(values, "a list of values");
            let values: Vec<_> =
                nodes.into_iter().filter_map(|node| self.name("enum", node)).collect();
            (!values.is_empty()).then_some(Body::Enum(values))
        });
        Some(Definition { engine, body })
    }

    fn comment(&mut self, entry: &Entry) -> Option<Definition> {
        let fields = self.fields(&entry.value, entry.key.span, "a comment", COMMENT)?;
        let engine = self.engine_choice(&fields);
        let body = self.whole_statement(&fields, &["engine"]).unwrap_or_else(|| {
            let text = fields.one_of(self, &["text", "sql"])?;
            let text = self.text_of(text)?;
            Some(Body::Comment(Comment { object: entry.key.clone(), text }))
        });
        Some(Definition { engine, body })
    }

    fn extensions(&mut self, section: &Entry) -> Vec<Component> {
        self.any_number(section, "a list of extensions")
            .into_iter()
            .filter_map(|node| self.extension(&section.key.value, node))
            .collect()
    }

    fn extension(&mut self, key: &str, node: &Node) -> Option<Component> {
        let kind = ComponentKind::Extension;
        if matches!(node.kind, Kind::Scalar(_)) {
            let name = self.name(key, node)?;
            let body = Body::Extension;
            return Some(Component { kind, name, engine: None, body, span: node.span });
        }
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "an extension", EXTENSION)?;
        let name = fields
            .required(self, "name", "add the extension's name")
            .and_then(|entry| self.name_of(entry));
        let engine = self.engine_choice(&fields);
        Some(Component { kind, name: name?, engine, body: Body::Extension, span: node.span })
    }
}

/// Whether `word` stands in `sql` as a name of its own, in any case.
fn names_word(sql: &str, word: &str) -> bool {
    let (sql, word) = (sql.to_lowercase(), word.to_lowercase());
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    sql.match_indices(&word)
        .any(|(at, _)| !sql[..at].ends_with(inner) && !sql[at + word.len()..].starts_with(inner))
}

/// A readable name for what has none in SQL: the statement on one line.
pub(super) fn one_line(sql: &SourceText, span: Span) -> Spanned<String> {
    Spanned::new(sql.text.split_whitespace().collect::<Vec<_>>().join(" "), span)
}
