//! The same figures on both sides, although the engines spell them differently.

/// A small result as the engines give it.
pub(super) type Figures = Vec<Vec<Option<String>>>;

/// Sums of doubles depend on the order of addition; more than this is a difference.
const RELATIVE_TOLERANCE: f64 = 1e-12;

/// One result out of those of several files: single integers are added up.
pub(super) fn together(mut results: Vec<Figures>) -> Result<Figures, String> {
    if results.len() == 1 {
        return Ok(results.remove(0));
    }
    let mut sum: i128 = 0;
    for result in &results {
        let figure = match result.as_slice() {
            [row] if row.len() == 1 => row[0].as_deref().unwrap_or("0").parse::<i128>().ok(),
            _ => None,
        };
        sum += figure.ok_or("over several files, an invariant must be one whole number")?;
    }
    Ok(vec![vec![Some(sum.to_string())]])
}

pub(super) fn equal(a: &Figures, b: &Figures) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| cell_equal(a.as_deref(), b.as_deref()))
        })
}

fn cell_equal(a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a == b };
    if a == b || plain(a).is_some_and(|plain_a| plain(b).is_some_and(|plain_b| plain_a == plain_b))
    {
        return true;
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        // Whole numbers are compared as they are written: a double would hide their last digits.
        (Ok(x), Ok(y)) if !(is_whole(a) && is_whole(b)) => {
            (x - y).abs() <= RELATIVE_TOLERANCE * x.abs().max(y.abs())
        }
        _ => false,
    }
}

fn is_whole(text: &str) -> bool {
    plain(text).is_some_and(|plain| !plain.contains('.'))
}

/// A decimal without needless zeros and signs; `None`: not a plain decimal.
fn plain(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let decimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !decimal(whole) || !decimal(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    let number = match fraction {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    };
    Some(if number == "0" { number } else { format!("{sign}{number}") })
}

/// For a message: the first row, and how many there are.
pub(super) fn shown(figures: &Figures) -> String {
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "null".to_owned());
    let row = |row: &Vec<Option<String>>| row.iter().map(cell).collect::<Vec<_>>().join(", ");
    match figures.as_slice() {
        [] => "no rows".to_owned(),
        [only] => format!("`{}`", row(only)),
        [first, ..] => format!("{} rows, the first `{}`", figures.len(), row(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::{cell_equal, together};

    #[test]
    fn figures_are_compared_by_value() {
        let cases = [
            ("12.50", "12.5", true),
            ("12", "12.0", true),
            ("-0", "0.00", true),
            ("9007199254740993", "9007199254740992", false),
            ("0.30000000000000004", "0.3", true),
            ("1e3", "1000", true),
            ("12.5", "12.6", false),
            ("abc", "abc ", false),
            ("1", "true", false),
        ];
        for (a, b, same) in cases {
            assert_eq!(cell_equal(Some(a), Some(b)), same, "{a} {b}");
        }
        assert!(cell_equal(None, None) && !cell_equal(None, Some("")));
    }

    #[test]
    fn only_whole_numbers_add_up_over_files() {
        let one = |text: &str| vec![vec![Some(text.to_owned())]];
        assert_eq!(together(vec![one("2"), one("3")]), Ok(one("5")));
        assert_eq!(together(vec![one("2.5")]), Ok(one("2.5")));
        assert!(together(vec![one("2.5"), one("1")]).is_err());
    }
}
