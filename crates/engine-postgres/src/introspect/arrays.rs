//! One spelling for arrays that are cast.
//!
//! `x in ('a', 'b')` on a varchar column is kept as a cast of the whole array,
//! `ARRAY['a'::character varying, 'b'::character varying]::text[]`. Read back from its own text it
//! becomes an array of casts (`transformArrayExpr` in PostgreSQL's `parse_expr.c` pushes the type
//! down to the elements), and stays so. Both mean the same, so the second form is the one we keep.

use std::ops::Range;

use sql::{Dialect, Token, TokenKind};

/// The text with casts of arrays pushed down to their elements.
pub(super) fn push_casts_down(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("]::")
        && let Some((range, array)) = first(&text)
    {
        text.replace_range(range, &array);
    }
    text
}

/// The first `ARRAY[…]::type[]`, and what it is in the other form.
fn first(text: &str) -> Option<(Range<usize>, String)> {
    let tokens = sql::tokenize(text, Dialect::Postgres);
    (0..tokens.len()).find_map(|at| {
        let word = &text[tokens[at].range.clone()];
        let opens = tokens.get(at + 1)?.kind == TokenKind::LBracket;
        if !opens || !word.eq_ignore_ascii_case("array") {
            return None;
        }
        let close = closing(&tokens, at + 1)?;
        let elements = elements(text, &tokens[at + 2..close], tokens[at + 1].range.end);
        if elements.is_empty() {
            return None;
        }
        let (data_type, end) = array_type(text, &tokens, close + 1)?;
        let cast = |element: &Range<usize>| cast(text, &tokens, element, &data_type);
        let cast: Vec<String> = elements.iter().map(cast).collect();
        Some((tokens[at].range.start..end, format!("ARRAY[{}]", cast.join(", "))))
    })
}

fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    (open..tokens.len()).find(|&at| {
        match tokens[at].kind {
            TokenKind::LBracket | TokenKind::LParen => depth += 1,
            TokenKind::RBracket | TokenKind::RParen => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

/// The bytes of the elements between commas.
fn elements(text: &str, tokens: &[Token], start: usize) -> Vec<Range<usize>> {
    let (mut found, mut depth, mut from, mut end) = (Vec::new(), 0, start, start);
    for token in tokens {
        match token.kind {
            TokenKind::LBracket | TokenKind::LParen => depth += 1,
            TokenKind::RBracket | TokenKind::RParen => depth -= 1,
            TokenKind::Comma if depth == 0 => {
                found.push(from..end);
                from = token.range.end;
            }
            _ => {}
        }
        end = token.range.end;
    }
    found.push(from..end);
    let trimmed = |range: Range<usize>| {
        let skip = text[range.clone()].len() - text[range.clone()].trim_start().len();
        range.start + skip..range.end
    };
    found.into_iter().map(trimmed).filter(|range| !range.is_empty()).collect()
}

/// `::text[]` from a token on: `text`, and where it ends.
fn array_type(text: &str, tokens: &[Token], from: usize) -> Option<(String, usize)> {
    if tokens.get(from)?.kind != TokenKind::Cast {
        return None;
    }
    let mut at = from + 1;
    while tokens.get(at)?.is_identifier()
        || matches!(tokens[at].kind, TokenKind::Period | TokenKind::Number)
        || matches!(tokens[at].kind, TokenKind::LParen | TokenKind::RParen | TokenKind::Comma)
    {
        at += 1;
    }
    let brackets = tokens[at].kind == TokenKind::LBracket
        && tokens.get(at + 1)?.kind == TokenKind::RBracket
        && at > from + 1;
    let inner = tokens[from].range.end..tokens[at].range.start;
    brackets.then(|| (text[inner].to_owned(), tokens[at + 1].range.end))
}

/// PostgreSQL writes parentheses around what a cast would else be read into.
fn cast(text: &str, tokens: &[Token], element: &Range<usize>, data_type: &str) -> String {
    let written = &text[element.clone()];
    let inside =
        |token: &&Token| element.start <= token.range.start && token.range.end <= element.end;
    let simple = !tokens.iter().filter(inside).any(|token| token.kind == TokenKind::Operator);
    if simple { format!("{written}::{data_type}") } else { format!("({written})::{data_type}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_go_to_the_elements() {
        let cases = [
            (
                "a::text = ANY (ARRAY['x'::character varying, 'y]::'::character varying]::text[])",
                "a::text = ANY (ARRAY['x'::character varying::text, 'y]::'::character varying::text])",
            ),
            ("ARRAY[1, b + 2]::numeric(3,1)[]", "ARRAY[1::numeric(3,1), (b + 2)::numeric(3,1)]"),
            ("ARRAY[]::text[]", "ARRAY[]::text[]"),
            ("a[1]::text", "a[1]::text"),
            ("ARRAY[1]::s.\"T x\"[] || x", "ARRAY[1::s.\"T x\"] || x"),
        ];
        for (from, to) in cases {
            assert_eq!(push_casts_down(from), to);
        }
    }
}
