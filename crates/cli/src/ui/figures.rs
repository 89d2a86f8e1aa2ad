//! Figures as people read them: durations, counts, sizes.

use std::time::Duration;

pub(crate) use diagnostics::grouped as count;
use diagnostics::plural;

/// `0.4 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 row`, `1,204,331 rows`.
pub(crate) fn rows(n: u64) -> String {
    plural(n, "row")
}

/// `512 bytes`, `1.5 MB`: powers of ten, as disks are sold.
pub(crate) fn bytes(n: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return format!("{n} bytes");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        let ms = Duration::from_millis;
        assert_eq!(duration(ms(430)), "0.4 s");
        assert_eq!(duration(ms(185_000)), "3 min 05 s");
        assert_eq!(duration(ms(7_800_000)), "2 h 10 min");
        assert_eq!([count(7), count(999), count(1_204_331)], ["7", "999", "1,204,331"]);
        assert_eq!([rows(1), rows(0)], ["1 row", "0 rows"]);
        assert_eq!(
            [bytes(512), bytes(1_500_000), bytes(999_960)],
            ["512 bytes", "1.5 MB", "1.0 MB"]
        );
    }
}
