//! Grants. They have no name in SQL: a readable one is made from their parts.

use diagnostics::{SourceText, Spanned};

use crate::model::{Body, Component, ComponentKind, Grant, GrantObject};
use crate::yaml::{Entry, Kind, Node};

use super::components::one_line;
use super::context::Decoder;
use super::fields::Fields;

pub(crate) const GRANT: &[&str] = &["grant", "on", "to", "with_grant_option", "sql", "engine"];
pub(crate) const GRANT_ON: &[&str] = &["tables", "sequences", "functions", "types", "schema"];

impl Decoder {
    pub(super) fn grants(&mut self, section: &Entry) -> Vec<Component> {
        self.items(section, "a list of grants")
            .iter()
            .filter_map(|node| self.grant(&section.key.value, node))
            .collect()
    }

    fn grant(&mut self, key: &str, node: &Node) -> Option<Component> {
        let kind = ComponentKind::Grant;
        let span = node.span;
        if matches!(node.kind, Kind::Scalar(_)) {
            let sql = self.sql(key, node, "a grant or a whole statement")?;
            let name = grant_name(&sql, node);
            return Some(Component { kind, name, engine: None, body: Body::Sql(sql), span });
        }
        let owner = self.first_key(node).unwrap_or(node.span);
        let fields = self.fields(node, owner, "a grant", GRANT)?;
        let engine = self.engine_choice(&fields);
        let body = self
            .whole_statement(&fields, &["engine"])
            .unwrap_or_else(|| self.grant_body(&fields).map(Body::Grant))?;
        let name = match &body {
            Body::Grant(grant) => Spanned::new(readable(grant), node.span),
            Body::Sql(sql) => grant_name(sql, node),
            _ => return None,
        };
        Some(Component { kind, name, engine, body, span })
    }

    fn grant_body(&mut self, fields: &Fields<'_>) -> Option<Grant> {
        let privileges = fields
            .required(self, "grant", "name what is granted: `grant: [select, insert]`")
            .map(|entry| self.one_or_more(entry, "a privilege or a list of privileges"));
        let privileges = privileges.map(|nodes| {
            let text = |node: &Node| self.text("grant", node, "a privilege");
            nodes.into_iter().filter_map(text).collect::<Vec<_>>()
        });
        let on = fields
            .required(self, "on", "name what it is granted on: `on: orders`")
            .and_then(|entry| self.grant_object(entry));
        let to = fields
            .required(self, "to", "name the role: `to: shop_app`")
            .map(|entry| self.names(entry, "a role or a list of roles"));
        let option = fields.get("with_grant_option").and_then(|entry| self.flag(entry));
        Some(Grant {
            privileges: privileges.filter(|list| !list.is_empty())?,
            on: on?,
            to: to.filter(|list| !list.is_empty())?,
            with_grant_option: option.is_some_and(|flag| flag.value),
        })
    }

    /// Tables, the word `schema`, or `{ sequences: […] }` and the like.
    fn grant_object(&mut self, entry: &Entry) -> Option<GrantObject> {
        if let Kind::Scalar(scalar) = &entry.value.kind
            && scalar.text.text == "schema"
        {
            return Some(GrantObject::Schema(entry.value.span));
        }
        if !matches!(entry.value.kind, Kind::Mapping(_)) {
            let names = self.names(entry, "a table or a list of tables");
            return (!names.is_empty()).then_some(GrantObject::Tables(names));
        }
        let fields = self.fields(&entry.value, entry.key.span, "`on`", GRANT_ON)?;
        let object = fields.one_of(self, GRANT_ON)?;
        if object.key.value == "schema" {
            return self.grant_on_schema(object);
        }
        let names = self.names(object, "a name or a list of names");
        let names = (!names.is_empty()).then_some(names)?;
        Some(match object.key.value.as_str() {
            "tables" => GrantObject::Tables(names),
            "sequences" => GrantObject::Sequences(names),
            "functions" => GrantObject::Functions(names),
            _ => GrantObject::Types(names),
        })
    }

    fn grant_on_schema(&mut self, entry: &Entry) -> Option<GrantObject> {
        if self.flag(entry)?.value {
            return Some(GrantObject::Schema(entry.value.span));
        }
        self.unknown_value("schema", "false", entry.value.span, &["true"]);
        None
    }
}

/// `select, insert on orders to shop_app`, `usage on schema to shop_app`.
fn readable(grant: &Grant) -> String {
    let list = |names: &[Spanned<String>]| {
        names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(", ")
    };
    let on = match &grant.on {
        GrantObject::Tables(names) => list(names),
        GrantObject::Sequences(names) => format!("sequence {}", list(names)),
        GrantObject::Functions(names) => format!("function {}", list(names)),
        GrantObject::Types(names) => format!("type {}", list(names)),
        GrantObject::Schema(_) => "schema".to_owned(),
    };
    format!("{} on {on} to {}", list(&grant.privileges), list(&grant.to))
}

/// The statement without its first word, like the name of a grant in parts.
fn grant_name(sql: &SourceText, node: &Node) -> Spanned<String> {
    one_line(sql, node.span).map(|line| {
        let rest = line.get(..6).filter(|word| word.eq_ignore_ascii_case("grant "));
        rest.map_or_else(|| line.clone(), |_| line[6..].trim_end_matches(';').to_owned())
    })
}
