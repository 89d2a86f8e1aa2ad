//! CREATE INDEX in the words of `pg_get_indexdef`, from `USING` on.

use sql::{Class, Cursor, Dialect, Name, Statement, quote_ident, types};

use super::builder::Builder;
use super::table::setting;
use crate::properties as p;
use crate::{Kind, Object, names};

pub(super) fn create(builder: &mut Builder, statement: &Statement) -> bool {
    let Class::CreateIndex { name, table, unique, .. } = &statement.class else {
        return false;
    };
    let parts = Parts::of(builder, statement);
    let columns: Vec<_> = parts.names.iter().map(String::as_str).collect();
    let label = "idx";
    let chosen = names::choose(&table.name, &columns, label, |name| {
        builder.has(&builder.key_on(Kind::Index, table, name))
    });
    let own = name.as_ref().map(|name| name.name.clone());
    let name = own.unwrap_or_else(|| chosen.clone());
    let mut object = Object::default().with(p::DEFINITION, parts.definition(builder.dialect));
    object.generated_name =
        name == chosen || names::is_generated(&name, &table.name, &columns, label);
    if *unique {
        object = object.with(p::UNIQUE, p::YES);
    }
    if builder.dialect == Dialect::Postgres {
        object = object.with(p::METHOD, parts.method.clone());
    }
    if let Some(predicate) = parts.predicate {
        object = object.with(p::PREDICATE, predicate);
    }
    let key = builder.key_on(Kind::Index, table, &name);
    builder.catalog.insert(key, object);
    true
}

struct Parts {
    method: String,
    elements: Vec<String>,
    /// For the generated name: column names, function names, or `expr`.
    names: Vec<String>,
    rest: String,
    predicate: Option<String>,
}

impl Parts {
    fn of(builder: &Builder, statement: &Statement) -> Self {
        let mut cursor = after_table(statement);
        let method = if cursor.eat("using") { cursor.ident() } else { None };
        let elements = cursor.parens().map_or_else(Vec::new, Cursor::comma_parts);
        let mut rest = String::new();
        if cursor.eat("include") {
            let names = cursor.parens().map(types::normal_text).unwrap_or_default();
            rest.push_str(&format!(" INCLUDE ({names})"));
        }
        if cursor.eat("nulls not distinct") {
            rest.push_str(" NULLS NOT DISTINCT");
        }
        cursor.eat("nulls distinct");
        if cursor.eat("with") {
            let settings = cursor.parens().map_or_else(Vec::new, Cursor::comma_parts);
            let mut settings: Vec<_> = settings.into_iter().map(setting).collect();
            settings.sort();
            rest.push_str(&format!(" WITH ({})", settings.join(", ")));
        }
        let predicate = cursor.find_any(&["where"]).then(|| {
            cursor.eat("where");
            builder.expression(&statement.text.text[cursor.rest_range()])
        });
        Self {
            method: method.unwrap_or_else(|| "btree".to_owned()),
            names: elements.iter().map(|part| element_name(*part)).collect(),
            elements: elements.into_iter().map(|part| element(builder, part)).collect(),
            rest,
            predicate,
        }
    }

    fn definition(&self, dialect: Dialect) -> String {
        let predicate = self.predicate.as_ref().map(|text| format!(" WHERE ({text})"));
        let predicate = predicate.unwrap_or_default();
        let using = match dialect {
            Dialect::Postgres => format!("USING {} ", self.method),
            Dialect::Sqlite => String::new(),
        };
        format!("{using}({}){}{predicate}", self.elements.join(", "), self.rest)
    }
}

fn after_table(statement: &Statement) -> Cursor<'_> {
    let mut cursor = statement.cursor();
    cursor.find_any(&["index"]);
    cursor.eat("index");
    cursor.eat("concurrently");
    cursor.eat("if not exists");
    if !cursor.is("on") {
        cursor.name();
    }
    cursor.eat("on");
    cursor.eat("only");
    cursor.name();
    cursor
}

/// `FigureIndexColname`: the column, the function of a call, else `expr`.
fn element_name(part: Cursor<'_>) -> String {
    let mut cursor = part;
    if let Some(mut inner) = cursor.parens() {
        let name = inner.path().pop();
        let call = inner.kind() == Some(sql::TokenKind::LParen);
        return name.filter(|_| call).unwrap_or_else(|| "expr".to_owned());
    }
    cursor.path().pop().unwrap_or_else(|| "expr".to_owned())
}

/// A column or expression with what follows it, without defaults: `ASC`, `NULLS LAST` after `ASC`,
/// `NULLS FIRST` after `DESC`.
fn element(builder: &Builder, part: Cursor<'_>) -> String {
    let mut cursor = part;
    let subject = if cursor.kind() == Some(sql::TokenKind::LParen) {
        let inner = cursor.parens().map_or(0..0, |inner| inner.rest_range());
        format!("({})", builder.expression(&part.text()[inner]))
    } else {
        cursor.path();
        cursor.parens();
        let text = &part.text()[part.sub(0..cursor.at).rest_range()];
        builder.expression(text)
    };
    format!("{}{}", without_call_parens(subject), order(builder, cursor))
}

/// `(lower(name))` and `lower(name)` are the same element.
fn without_call_parens(subject: String) -> String {
    let inner = subject.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let Some(inner) = inner else { return subject };
    let head = inner.find('(').map_or("", |at| &inner[..at]);
    let is_call = !head.is_empty()
        && head.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'"'))
        && closes_at_end(&inner[head.len()..]);
    if is_call { inner.to_owned() } else { subject }
}

fn closes_at_end(text: &str) -> bool {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        if depth == 0 {
            return at + 1 == text.len();
        }
    }
    false
}

fn order(builder: &Builder, mut cursor: Cursor<'_>) -> String {
    let mut out = String::new();
    let (mut descending, mut nulls) = (false, None);
    while !cursor.at_end() {
        if cursor.eat("desc") {
            descending = true;
        } else if cursor.eat("nulls first") {
            nulls = Some("FIRST");
        } else if cursor.eat("nulls last") {
            nulls = Some("LAST");
        } else if cursor.eat("collate") {
            let name: Vec<_> =
                cursor.path().iter().map(|part| quote_ident(part, builder.dialect)).collect();
            out.push_str(&format!(" COLLATE {}", name.join(".")));
        } else if !cursor.eat("asc") {
            let from = cursor.at;
            cursor.step();
            let text = types::normal_text(cursor.sub(from..cursor.at));
            let space = if text.starts_with(['(', '.']) || out.ends_with('.') { "" } else { " " };
            out.push_str(&format!("{space}{text}"));
        }
    }
    if descending {
        out.push_str(" DESC");
    }
    let usual = if descending { "FIRST" } else { "LAST" };
    if let Some(nulls) = nulls.filter(|nulls| *nulls != usual) {
        out.push_str(&format!(" NULLS {nulls}"));
    }
    out
}

/// The partition's index is attached to the partitioned one.
pub(super) fn attach(builder: &mut Builder, parent: &Name, partition: &Name) -> bool {
    let Some(key) = builder.index(partition) else { return false };
    let parent = builder.written(parent);
    builder.set(&key, p::PARTITION_OF, Some(parent))
}
