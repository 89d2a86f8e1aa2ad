//! Decimal text of reals: the shortest that reads back as the same real.

/// Room for the text of one real.
pub(super) struct Shortest(zmij::Buffer);

impl Shortest {
    pub(super) fn new() -> Self {
        Self(zmij::Buffer::new())
    }

    /// Digits, a point, an exponent where it is far from 1: `0.1`, `1e300`.
    pub(super) fn format(&mut self, real: f64) -> &str {
        self.0.format_finite(real)
    }
}

/// Appends a real as SQLite's `cast(… as text)` prints it since 3.52: the shortest text where 15 digits
/// tell the real from its neighbours, else 17 digits; always with a point, with an exponent of two
/// digits below 1e-4 and from 1e17. SQLite's 17th digit is not always the nearest; the real that the
/// text means is the same. Of subnormal reals it prints more digits than are needed.
pub(super) fn put_sqlite_text(real: f64, out: &mut Vec<u8>) {
    if !real.is_finite() {
        out.extend_from_slice(if real > 0.0 { b"Inf" } else { b"-Inf" });
        return;
    }
    if real == 0.0 {
        out.extend_from_slice(b"0.0");
        return;
    }
    if real < 0.0 {
        out.push(b'-');
    }
    let mut found = Digits::of(Shortest::new().format(real.abs()));
    if found.count > 15 {
        found = Digits::of(&format!("{:.16e}", real.abs()));
    }
    let Digits { digits, count, point } = found;
    let digits = &digits[..count];
    if !(-3..=17).contains(&point) {
        put_scientific(digits, point - 1, out);
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(digits);
    } else {
        put_plain(digits, point.unsigned_abs() as usize, out);
    }
}

fn put_plain(digits: &[u8], point: usize, out: &mut Vec<u8>) {
    let (whole, fraction) = digits.split_at(point.min(digits.len()));
    out.extend_from_slice(whole);
    out.extend(std::iter::repeat_n(b'0', point - whole.len()));
    out.push(b'.');
    out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction });
}

fn put_scientific(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    out.push(digits[0]);
    out.push(b'.');
    out.extend_from_slice(if digits.len() == 1 { b"0" } else { &digits[1..] });
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
}

/// Significant digits without zeros at either end, and how many of them stand before the point.
struct Digits {
    digits: [u8; 24],
    count: usize,
    point: i32,
}

impl Digits {
    /// Of `12.5`, `0.001`, `1e300`, `1.5e-7`: positive and not zero.
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = whole.bytes().chain(fraction.bytes());
        let zeros = all.clone().take_while(|&digit| digit == b'0').count();
        let mut found = Self { digits: [0; 24], count: 0, point: 0 };
        for (slot, digit) in found.digits.iter_mut().zip(all.skip(zeros)) {
            *slot = digit;
            found.count += 1;
        }
        while found.count > 1 && found.digits[found.count - 1] == b'0' {
            found.count -= 1;
        }
        let whole = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(zeros).unwrap_or(0);
        found.point = whole + exponent.parse::<i32>().unwrap_or(0);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::put_sqlite_text;

    fn text(real: f64) -> String {
        let mut out = Vec::new();
        put_sqlite_text(real, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reals_are_printed_as_sqlite_prints_them() {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let mut printed = sqlite.prepare("select cast(?1 as text)").unwrap();
        let powers =
            (-30..30).flat_map(|e| [1.0, 1.5, 9.999_999_999_999_999].map(|m| m * 10_f64.powi(e)));
        let reals = [
            0.1,
            0.1 + 0.2,
            -0.0,
            0.0,
            1.0,
            -2.5,
            123_456_789.125,
            1e300,
            f64::MIN_POSITIVE,
            f64::MAX,
            1.0 / 3.0,
            9_007_199_254_740_993.0,
            0.0001,
            0.00012345,
            1e14,
            1e15,
            1e16,
            123_456_789_012_345_680.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -1e-7,
        ];
        for real in reals.into_iter().chain(powers) {
            let theirs: String = printed.query_row([real], |row| row.get(0)).unwrap();
            let ours = text(real);
            let long = theirs.bytes().filter(u8::is_ascii_digit).count() > 15;
            let same = long && ours.parse::<f64>() == Ok(real) && theirs.parse() == Ok(real);
            assert!(same || ours == theirs, "{real:?}: {ours} and {theirs}");
        }
    }
}
