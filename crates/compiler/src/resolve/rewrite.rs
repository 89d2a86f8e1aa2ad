//! Small, exact changes to a person's statement: the home schema's name goes, actions are taken
//! apart, words that have no place in a staged build are left out. All other bytes stay.

use std::ops::Range;

use catalog::HOME_SCHEMA;
use diagnostics::SourceText;
use sql::{Class, Dialect, Statement, TokenKind, unquote};

use crate::sqltext::SqlText;

/// A text that holds one statement. `None` where it holds none.
pub(crate) fn statement(text: &SourceText, dialect: Dialect) -> Option<Statement> {
    sql::split(text, dialect).0.into_iter().next()
}

/// Reads a changed text again; the old statement where that fails, which the engine will refuse
/// with a better message than we could give.
fn again(text: &SourceText, old: &Statement) -> Statement {
    statement(text, old.dialect).unwrap_or_else(|| old.clone())
}

/// Names of the home schemas lose their qualifier; where a statement names such a schema itself,
/// it gets the name that every engine knows to replace.
pub(crate) fn at_home(old: Statement, homes: &[String]) -> Statement {
    let mut now = old;
    for home in homes {
        // A quote in a name is doubled in the text.
        if home.contains('"') || now.text.text.contains(home.as_str()) {
            now = sql::without_schema(&now, home);
        }
    }
    let names = home_names(&now, homes);
    if names.is_empty() {
        return now;
    }
    let mut text = SqlText::new(now.text.span, now.dialect);
    let mut from = 0;
    for range in names {
        text.piece(&now.text.slice(from..range.start));
        text.at(now.text.span_of(range.clone()), HOME_SCHEMA);
        from = range.end;
    }
    text.piece(&now.text.slice(from..now.text.text.len()));
    again(&text.done(), &now)
}

/// Where a statement names one of the schemas as such: `ON SCHEMA s`, `IN SCHEMA s`.
fn home_names(statement: &Statement, homes: &[String]) -> Vec<Range<usize>> {
    let names_schemas = matches!(
        statement.class,
        Class::Grant { .. }
            | Class::Comment { .. }
            | Class::AlterDefaultPrivileges { .. }
            | Class::CreateExtension { .. }
    );
    let is_home = |token: &sql::Token| {
        let name = unquote(statement.written(token), statement.dialect);
        token.is_identifier() && homes.contains(&name)
    };
    let pairs = statement.tokens.windows(2).filter(|pair| {
        names_schemas
            && pair[0].kind == TokenKind::Word
            && statement.written(&pair[0]).eq_ignore_ascii_case("schema")
            && is_home(&pair[1])
    });
    pairs.map(|pair| pair[1].range.clone()).collect()
}

/// `CREATE INDEX` without `CONCURRENTLY` and `IF NOT EXISTS`: the staged table has no readers, and
/// an index that is already there must stop the run, not be taken for the one that was meant.
pub(crate) fn plain_index(old: Statement) -> Statement {
    let Class::CreateIndex { concurrently, if_not_exists, .. } = old.class else {
        return old;
    };
    if !concurrently && !if_not_exists {
        return old;
    }
    let gone = |word: &str| ["concurrently", "if", "not", "exists"].contains(&word);
    let end = old.tokens.iter().position(|token| old.written(token).eq_ignore_ascii_case("on"));
    let head = &old.tokens[..end.unwrap_or(0)];
    let ranges: Vec<Range<usize>> = head
        .windows(2)
        .filter(|pair| {
            pair[0].kind == TokenKind::Word && gone(&old.written(&pair[0]).to_lowercase())
        })
        .map(|pair| pair[0].range.start..pair[1].range.start)
        .collect();
    old.without(&ranges)
}

/// `ALTER TABLE t a, b` as `ALTER TABLE t a` and `ALTER TABLE t b`.
pub(crate) fn single_actions(old: Statement) -> Vec<Statement> {
    let Class::AlterTable { actions, .. } = &old.class else { return vec![old] };
    let Some((head, parts)) = action_parts(&old).filter(|_| actions.len() > 1) else {
        return vec![old];
    };
    let apart = parts.into_iter().map(|part| {
        let mut text = SqlText::new(old.text.span, old.dialect);
        text.piece(&old.text.slice(head.clone())).word(" ").piece(&old.text.slice(part));
        again(&text.done(), &old)
    });
    apart.collect()
}

/// The bytes up to the table's name, and those of each action.
fn action_parts(statement: &Statement) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let tokens = &statement.tokens;
    let word = |at: usize| {
        let token = tokens.get(at).filter(|token| token.kind == TokenKind::Word);
        token.map(|token| statement.written(token).to_lowercase()).unwrap_or_default()
    };
    let mut at = 2;
    at += if word(at) == "if" { 2 } else { 0 };
    at += usize::from(word(at) == "only");
    while tokens.get(at + 1)?.kind == TokenKind::Period {
        at += 2;
    }
    let head = 0..tokens.get(at)?.range.end;
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, at + 1);
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth = depth.saturating_sub(1),
            // Nothing stands between two commas: no statement that the engine takes.
            TokenKind::Comma if depth == 0 && at == start => return None,
            TokenKind::Comma if depth == 0 => {
                parts.push(tokens.get(start)?.range.start..tokens[at - 1].range.end);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(tokens.get(start)?.range.start..tokens.last()?.range.end);
    Some((head, parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::{SourceId, Span};

    fn read(sql: &str) -> Statement {
        let span = Span::new(SourceId(0), 0..sql.len());
        statement(&SourceText::verbatim(sql, span), Dialect::Postgres).expect("one statement")
    }

    fn texts(statements: &[Statement]) -> Vec<&str> {
        statements.iter().map(|statement| statement.text.text.as_str()).collect()
    }

    #[test]
    fn actions_are_taken_apart() {
        let parts = single_actions(read(
            "alter table only s.t add constraint a check (x in (1, 2)), add constraint b unique (y)",
        ));
        assert_eq!(
            texts(&parts),
            [
                "alter table only s.t add constraint a check (x in (1, 2))",
                "alter table only s.t add constraint b unique (y)"
            ]
        );
        let nothing_first = "alter table t ,add constraint c check (id > 0)";
        assert_eq!(texts(&single_actions(read(nothing_first))), [nothing_first]);
    }

    #[test]
    fn the_home_schema_has_no_name() {
        let homes = ["public".to_owned()];
        let grant = at_home(read("grant usage on schema public to app"), &homes);
        assert_eq!(grant.text.text, "grant usage on schema \"cutover home\" to app");
        let index = at_home(read("create index i on public.t (a)"), &homes);
        assert_eq!(index.text.text, "create index i on t (a)");
    }

    #[test]
    fn indexes_lose_concurrently_and_if_not_exists() {
        let index = plain_index(read("create unique index concurrently if not exists i on t (a)"));
        assert_eq!(index.text.text, "create unique index i on t (a)");
    }
}
