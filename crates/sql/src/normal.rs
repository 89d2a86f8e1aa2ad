//! Texts in a form in which the same meaning mostly is the same text.
//!
//! This is what offline comparison has in place of an engine. It resolves what `pg_dump` and people
//! habitually write differently, by shape alone: types of columns are not known here, so casts of
//! literals, and of names to `text`, are dropped whether or not they matter. The engine knows
//! better; results say which of the two was asked.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, Expr, Ident, ObjectName, UnaryOperator, Value,
    ValueWithSpan, VisitMut, VisitorMut,
};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::{Cursor, Dialect, tokenize, types};

/// Tokens in one line: unquoted names and keywords folded, names quoted only where needed, types by
/// their canonical names, dollar quotes without tags.
pub fn normal_text(text: &str, dialect: Dialect) -> String {
    let tokens = tokenize(text, dialect);
    types::normal_text(Cursor::new(text, &tokens, dialect))
}

/// An expression without needless parentheses and casts. What `sqlparser` cannot read is compared
/// by its tokens.
pub fn normal_expression(text: &str, dialect: Dialect) -> String {
    let grammar: &dyn Grammar = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    };
    // Folded first, so that names of all sorts (aliases, functions) are equal.
    let text = normal_text(text, dialect);
    // A lone name or number, as most index elements are, is in its normal form.
    if text != "null" && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return text;
    }
    let parsed = Parser::new(grammar).try_with_sql(&text).and_then(|mut parser| {
        let expression = parser.parse_expr()?;
        parser.expect_token(&sqlparser::tokenizer::Token::EOF)?;
        Ok(expression)
    });
    match parsed {
        Ok(mut expression) => {
            let _: ControlFlow<()> = VisitMut::visit(&mut expression, &mut Normal);
            match expression {
                Expr::Nested(inner) => inner.to_string(),
                other => other.to_string(),
            }
        }
        Err(_) => text,
    }
}

struct Normal;

impl VisitorMut for Normal {
    type Break = ();

    /// Children come first, so each is already in its normal form: in one pair of parentheses where
    /// it is an operation, in none where it is not.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let taken = std::mem::replace(expr, Expr::Value(Value::Null.into()));
        *expr = normal(taken);
        ControlFlow::Continue(())
    }
}

fn normal(expr: Expr) -> Expr {
    match expr {
        Expr::Nested(inner) => *inner,
        Expr::Cast { expr, data_type, format, .. } => cast(*expr, data_type, format),
        Expr::TypedString(typed) => cast(Expr::Value(typed.value), typed.data_type, None),
        Expr::Interval(interval) => *interval.value,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => negative(*expr),
        Expr::Between { expr, negated: false, low, high } => between(*expr, *low, *high),
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            in_list(left, *right, false)
        }
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
            in_list(left, *right, true)
        }
        Expr::BinaryOp { left, op, right } => binary(left, op, right),
        Expr::InList { expr, list, negated } => listed(expr, list, negated),
        Expr::UnaryOp { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..) => nested(expr),
        other => other,
    }
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn cast(expr: Expr, data_type: DataType, format: Option<sqlparser::ast::CastFormat>) -> Expr {
    let name = types::canonical_type(&data_type.to_string());
    let numeric = ["integer", "bigint", "smallint", "numeric", "double precision", "real"];
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span })
            if numeric.contains(&name.as_str()) && text.parse::<f64>().is_ok() =>
        {
            Expr::Value(ValueWithSpan { value: Value::Number(text, false), span })
        }
        Expr::Value(_) | Expr::Array(_) => expr,
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) if name == "text" => expr,
        // `ARRAY[…]::text[]` was normalised to the array; of others the target type matters.
        expr => Expr::Cast {
            kind: CastKind::DoubleColon,
            expr: Box::new(expr),
            data_type: DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new()),
            format,
        },
    }
}

/// `-1` is shown as `'-1'::integer`.
fn negative(expr: Expr) -> Expr {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, long), span }) => {
            Expr::Value(ValueWithSpan { value: Value::Number(format!("-{digits}"), long), span })
        }
        other => nested(Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(other) }),
    }
}

/// PostgreSQL keeps `a BETWEEN x AND y` as two comparisons.
fn between(expr: Expr, low: Expr, high: Expr) -> Expr {
    let compare = |op, bound| {
        nested(Expr::BinaryOp { left: Box::new(expr.clone()), op, right: Box::new(bound) })
    };
    let left = Box::new(compare(BinaryOperator::GtEq, low));
    let right = Box::new(compare(BinaryOperator::LtEq, high));
    nested(Expr::BinaryOp { left, op: BinaryOperator::And, right })
}

/// `IN` of one value is kept as a comparison.
fn listed(expr: Box<Expr>, mut list: Vec<Expr>, negated: bool) -> Expr {
    if list.len() > 1 {
        return nested(Expr::InList { expr, list, negated });
    }
    let op = if negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
    match list.pop() {
        Some(only) => nested(Expr::BinaryOp { left: expr, op, right: Box::new(only) }),
        None => nested(Expr::InList { expr, list, negated }),
    }
}

/// PostgreSQL keeps `a IN (…)` as `a = ANY (ARRAY[…])`.
fn in_list(left: Box<Expr>, right: Expr, negated: bool) -> Expr {
    match right {
        Expr::Array(Array { elem, .. }) => nested(Expr::InList { expr: left, list: elem, negated }),
        right if negated => {
            nested(Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right: Box::new(right) })
        }
        right => nested(Expr::AnyOp {
            left,
            compare_op: BinaryOperator::Eq,
            right: Box::new(right),
            is_some: false,
        }),
    }
}

/// `LIKE` and its companions are operators to PostgreSQL: `~~`, `!~~`, `~~*`, `!~~*`.
fn binary(expr: Box<Expr>, op: BinaryOperator, pattern: Box<Expr>) -> Expr {
    let (negated, ignore_case) = match op {
        BinaryOperator::PGLikeMatch => (false, false),
        BinaryOperator::PGNotLikeMatch => (true, false),
        BinaryOperator::PGILikeMatch => (false, true),
        BinaryOperator::PGNotILikeMatch => (true, true),
        op => return nested(Expr::BinaryOp { left: expr, op, right: pattern }),
    };
    let (any, escape_char) = (false, None);
    nested(if ignore_case {
        Expr::ILike { negated, any, expr, pattern, escape_char }
    } else {
        Expr::Like { negated, any, expr, pattern, escape_char }
    })
}

#[cfg(test)]
mod tests {
    use super::normal_expression;
    use crate::Dialect;

    #[test]
    fn a_body_with_dollars_keeps_a_quote_that_does_not_end_in_it() {
        let normal = |text: &str| crate::normal_text(text, Dialect::Postgres);
        assert_eq!(normal("$a$ x $a$"), "$$ x $$");
        for body in ["a $$ b", "a$", "$q$", "$$q"] {
            let quoted = format!("$tag${body}$tag$");
            let text = normal(&quoted);
            assert!(crate::tokenize(&text, Dialect::Postgres).len() == 1, "{text}");
            assert_eq!(crate::unquote_literal(&text).as_deref(), Some(body));
        }
    }

    #[test]
    fn the_same_meaning_is_the_same_text() {
        let pairs = [
            ("total > 0", "(total > 0)"),
            ("a = 1 and b = 2 and c = 3", "((a = 1) AND (b = 2) AND (c = 3))"),
            ("status in ('a', 'b')", "(status = ANY (ARRAY['a'::text, 'b'::text]))"),
            (
                "status in ('a', 'b')",
                "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            ),
            ("a not in (1, 2)", "(a <> ALL (ARRAY[1, 2]))"),
            ("a between 1 and 5", "((a >= 1) AND (a <= 5))"),
            ("name like 'x%'", "(name ~~ 'x%'::text)"),
            ("lower(Name) = 'x'", "(lower((name)::text) = 'x'::text)"),
            ("cast(a as int4)", "(a)::integer"),
            ("-1", "'-1'::integer"),
            ("nextval('s')", "nextval('s'::regclass)"),
            ("\"a\" is not null", "(a IS NOT NULL)"),
            ("now() + interval '1 day'", "(now() + '1 day'::interval)"),
            ("a <> b", "(a != b)"),
            ("current_timestamp", "(CURRENT_TIMESTAMP)"),
            ("true", "(TRUE)"),
            ("a in ('x')", "(a = 'x'::text)"),
            ("numeric '1.5'", "1.5"),
        ];
        for (person, dump) in pairs {
            let [a, b] = [person, dump].map(|text| normal_expression(text, Dialect::Postgres));
            assert_eq!(a, b, "{person} | {dump}");
        }
    }

    #[test]
    fn another_meaning_is_another_text() {
        let pairs = [
            ("(a or b) and c", "a or (b and c)"),
            ("a > 0", "a >= 0"),
            ("a - (b - c)", "(a - b) - c"),
            ("\"A\" = 1", "a = 1"),
            ("x = 'a'", "x = 'A'"),
            ("a::date", "a::timestamp"),
        ];
        for (one, other) in pairs {
            let [a, b] = [one, other].map(|text| normal_expression(text, Dialect::Postgres));
            assert_ne!(a, b);
        }
    }
}
