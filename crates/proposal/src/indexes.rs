//! Indexes of the source, and those that its foreign keys lack.

use sql::{Dialect, quote_ident};

use crate::evidence::{self, ElementKey};
use crate::expression::Translated;
use crate::schema::{Element, Index, Maker, Rule, Standing, derived};

/// The column that an element is, in the source's words; `None` for an expression.
pub(crate) fn column_of(element: &evidence::Element) -> Option<String> {
    match &element.key {
        ElementKey::Column(name) => Some(name.clone()),
        ElementKey::Expression(_) => None,
    }
}

pub(crate) fn add(maker: &mut Maker<'_>) {
    for (at, table) in maker.database.tables.iter().enumerate() {
        for index in &table.indexes {
            let made = translated(maker, at, index);
            if let Standing::Decide(why) = &made.standing {
                let about = format!("index {} on {}", index.name, table.name);
                maker.decide(about, why.clone());
            }
            maker.schema.indexes.push(made);
        }
    }
    propose(maker);
}

fn translated(maker: &mut Maker<'_>, at: usize, index: &evidence::Index) -> Index {
    let mut doubts = Vec::new();
    let elements = index.elements.iter().map(|element| {
        translate_element(maker, at, element).unwrap_or_else(|(written, why)| {
            doubts.push(why);
            Element::Sql(written)
        })
    });
    let elements: Vec<Element> = elements.collect();
    let predicate = index.predicate.as_ref().and_then(|sql| match maker.translate(at, sql) {
        Ok(Translated::Sql(sql)) => Some(sql),
        Ok(Translated::Implied) => None,
        Err(why) => {
            doubts.push(why);
            Some(sql.clone())
        }
    });
    let columns: Vec<String> = index.elements.iter().filter_map(column_of).collect();
    doubts.extend(maker.too_long(at, &columns));
    let name = maker.names.take(&index.name);
    let standing = match doubts.is_empty() {
        true => Standing::Built,
        false => Standing::Decide(doubts.join("; ")),
    };
    let table = maker.schema.tables[at].name.clone();
    Index { name, table, unique: index.unique, elements, predicate, standing }
}

/// # Errors
/// The element as written, and why a person must write it.
fn translate_element(
    maker: &Maker<'_>,
    at: usize,
    element: &evidence::Element,
) -> Result<Element, (String, String)> {
    let end = if element.descending { " desc" } else { "" };
    match &element.key {
        ElementKey::Column(name) => {
            let name = maker.target_columns(at, std::slice::from_ref(name)).remove(0);
            Ok(match element.descending {
                false => Element::Column(name),
                true => Element::Sql(format!("{}{end}", quote_ident(&name, Dialect::Postgres))),
            })
        }
        // Only conditions are translated, and hardly any index is on one.
        ElementKey::Expression(sql) => {
            let why = format!("it is on the expression `{sql}`: write it for PostgreSQL");
            Err((format!("({sql}){end}"), why))
        }
    }
}

/// One for every foreign key whose columns begin no index or key.
fn propose(maker: &mut Maker<'_>) {
    let keys: Vec<(String, Vec<String>)> = maker
        .schema
        .constraints
        .iter()
        .filter_map(|constraint| match &constraint.rule {
            Rule::ForeignKey { columns, .. } => Some((constraint.table.clone(), columns.clone())),
            Rule::Unique(_) | Rule::Check(_) => None,
        })
        .collect();
    for (table, columns) in keys {
        if is_led(maker, &table, &columns) {
            continue;
        }
        let name = maker.names.take(&derived(&table, &columns, "idx"));
        let elements = columns.into_iter().map(Element::Column).collect();
        maker.schema.indexes.push(Index {
            name,
            table,
            unique: false,
            elements,
            predicate: None,
            standing: Standing::Proposed,
        });
    }
}

/// Whether an index or a key begins with these columns, in any order.
fn is_led(maker: &Maker<'_>, table: &str, columns: &[String]) -> bool {
    let leads = |names: &[&String]| {
        names.len() >= columns.len()
            && names[..columns.len()].iter().all(|name| columns.contains(name))
    };
    let schema = &maker.schema;
    let of_index = schema.indexes.iter().filter(|index| index.table == table).any(|index| {
        let whole = index.predicate.is_none() && !matches!(index.standing, Standing::Decide(_));
        let names = index.elements.iter().map_while(|element| match element {
            Element::Column(name) => Some(name),
            Element::Sql(_) => None,
        });
        whole && leads(&names.collect::<Vec<_>>())
    });
    let of_key = schema.constraints.iter().filter(|c| c.table == table).any(|constraint| {
        matches!(&constraint.rule, Rule::Unique(names) if leads(&names.iter().collect::<Vec<_>>()))
    });
    let primary = schema.tables.iter().find(|made| made.name == table);
    let primary = primary.is_some_and(|t| leads(&t.primary_key.iter().collect::<Vec<_>>()));
    of_index || of_key || primary
}
