//! Names that a statement mentions, as a hint of what it depends on.

use std::collections::BTreeSet;

use crate::classify::name_in_text;
use crate::qualify::regclass_literals;
use crate::{Name, Statement, unquote_literal};

/// Every name or path in the statement (`orders`, `shop.orders`; of `orders.total` also `orders`
/// alone), keywords included, sorted. Strings, dollar-quoted bodies and comments are not read but
/// for names cast to `regclass`.
pub fn identifiers(statement: &Statement) -> Vec<Name> {
    let mut names = BTreeSet::new();
    let mut cursor = statement.cursor();
    while !cursor.at_end() {
        let path = if cursor.token().is_some_and(crate::Token::is_identifier) {
            cursor.path()
        } else {
            cursor.at += 1;
            continue;
        };
        names.insert(Name::new(path[0].clone()));
        for pair in path.windows(2) {
            names.insert(Name { schema: Some(pair[0].clone()), name: pair[1].clone() });
        }
    }
    for at in regclass_literals(statement) {
        let text = unquote_literal(statement.written(&statement.tokens[at]));
        names.extend(text.map(|text| name_in_text(&text, statement.dialect)));
    }
    names.into_iter().collect()
}
