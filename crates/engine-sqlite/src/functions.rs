//! Functions that stock SQLite has and a build without `SQLITE_ENABLE_MATH_FUNCTIONS` lacks.
//!
//! The workspace sets the flag for its own builds; `cargo install` does not read that setting, and a
//! schema that uses `sqrt()` in an index or a generated column must load there too.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

pub(crate) fn add_missing(conn: &Connection) -> Result<()> {
    let sql = "SELECT sqlite_compileoption_used('ENABLE_MATH_FUNCTIONS')";
    if conn.query_row(sql, [], |row| row.get(0))? {
        return Ok(());
    }
    add_all(conn)
}

type Unary = (&'static str, fn(f64) -> f64);
type Binary = (&'static str, fn(f64, f64) -> f64);

const UNARY: [Unary; 23] = [
    ("acos", f64::acos),
    ("acosh", f64::acosh),
    ("asin", f64::asin),
    ("asinh", f64::asinh),
    ("atan", f64::atan),
    ("atanh", f64::atanh),
    ("ceil", f64::ceil),
    ("ceiling", f64::ceil),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", f64::to_degrees),
    ("exp", f64::exp),
    ("floor", f64::floor),
    ("ln", f64::ln),
    ("log", f64::log10),
    ("log10", f64::log10),
    ("log2", f64::log2),
    ("radians", f64::to_radians),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("trunc", f64::trunc),
];

/// With two arguments; `log(B, X)` has the base first ("Built-In Mathematical SQL Functions").
const BINARY: [Binary; 5] = [
    ("atan2", f64::atan2),
    ("log", |base, x| x.ln() / base.ln()),
    ("mod", |x, y| x % y),
    ("pow", f64::powf),
    ("power", f64::powf),
];

fn add_all(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, function) in UNARY {
        conn.create_scalar_function(name, 1, flags, move |context: &Context<'_>| {
            Ok(number(context, 0).map(function).filter(|y| !y.is_nan()))
        })?;
    }
    for (name, function) in BINARY {
        conn.create_scalar_function(name, 2, flags, move |context: &Context<'_>| {
            let both = number(context, 0).zip(number(context, 1));
            Ok(both.map(|(x, y)| function(x, y)).filter(|z| !z.is_nan()))
        })?;
    }
    conn.create_scalar_function("pi", 0, flags, |_| Ok(std::f64::consts::PI))
}

/// As SQLite's own: what is no number gives NULL.
fn number(context: &Context<'_>, index: usize) -> Option<f64> {
    match context.get_raw(index) {
        ValueRef::Integer(i) => Some(i as f64),
        ValueRef::Real(r) => Some(r),
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallbacks_agree_with_sqlite() {
        let conn = Connection::open_in_memory().unwrap();
        let sql = "SELECT sqrt(2), ln(3), log(100), log(2, 8), pow(2, 10), mod(7, 4), ceil(1.2), \
                   sqrt(-1) IS NULL, sqrt('x') IS NULL, cos(pi()), degrees(radians(90))";
        let read = |conn: &Connection| {
            conn.query_row(sql, [], |row| {
                (0..11).map(|i| row.get::<_, f64>(i)).collect::<Result<Vec<_>>>()
            })
        };
        add_all(&conn).unwrap();
        let expected = [2f64.sqrt(), 3f64.ln(), 2.0, 3.0, 1024.0, 3.0, 2.0, 1.0, 1.0, -1.0, 90.0];
        for (got, expected) in read(&conn).unwrap().iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }
}
