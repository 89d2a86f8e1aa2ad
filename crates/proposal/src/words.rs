//! What people mean by the types they declare in SQLite, which takes any words.

/// What the words of a declared type ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Boolean,
    SmallInteger,
    Integer,
    BigInteger,
    Real,
    /// With precision and scale, where both are given and PostgreSQL takes them.
    Decimal(Option<(u32, u32)>),
    Text,
    Blob,
    Date,
    DateTime,
    Time,
    Json,
    Uuid,
    /// No type, or words that mean none of the others.
    Unknown,
}

/// By the words, whole ones first (`INTEGER` holds `INT`, `POINT` does too), then by SQLite's own rules
/// of affinity ("Datatypes In SQLite", 3.1), so that what SQLite takes for a text is never a number.
pub(crate) fn family(declared: &str) -> Family {
    let upper = declared.to_ascii_uppercase();
    let name = upper.split('(').next().unwrap_or_default().trim();
    match name {
        "BOOL" | "BOOLEAN" => Family::Boolean,
        "SMALLINT" | "TINYINT" | "INT2" | "INT16" => Family::SmallInteger,
        "BIGINT" | "INT8" | "INT64" | "UNSIGNED BIG INT" | "LONG" | "UNSIGNED BIGINT"
        | "BIGINT UNSIGNED" | "UINT64" => Family::BigInteger,
        "DATE" => Family::Date,
        "DATETIME"
        | "TIMESTAMP"
        | "TIMESTAMPTZ"
        | "DATETIME2"
        | "SMALLDATETIME"
        | "TIMESTAMP WITH TIME ZONE"
        | "TIMESTAMP WITHOUT TIME ZONE" => Family::DateTime,
        "TIME" => Family::Time,
        "JSON" | "JSONB" => Family::Json,
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => Family::Uuid,
        "DECIMAL" | "DEC" | "NUMERIC" | "NUMBER" | "MONEY" | "SMALLMONEY" | "CURRENCY" => {
            Family::Decimal(precision(&upper))
        }
        _ => by_affinity(name),
    }
}

fn by_affinity(name: &str) -> Family {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match () {
        () if has(&["INT"]) => Family::Integer,
        () if has(&["CHAR", "CLOB", "TEXT"]) => Family::Text,
        () if has(&["BLOB", "BINARY", "BYTEA"]) => Family::Blob,
        () if has(&["REAL", "FLOA", "DOUB"]) => Family::Real,
        () => Family::Unknown,
    }
}

/// `(10,2)`. PostgreSQL takes 1 to 1000 digits, and no more of them after the point here.
fn precision(declared: &str) -> Option<(u32, u32)> {
    let inner = declared.split_once('(')?.1.split_once(')')?.0;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=1000).contains(&precision) && scale <= precision).then_some((precision, scale))
}

/// Names such as `is_open`, `enabled` or `has_children`: 0 and 1 in them mean no and yes.
pub(crate) fn sounds_boolean(column: &str) -> bool {
    const WHOLE: [&str; 18] = [
        "active",
        "archived",
        "blocked",
        "closed",
        "completed",
        "default",
        "deleted",
        "disabled",
        "done",
        "enabled",
        "hidden",
        "locked",
        "pinned",
        "private",
        "public",
        "read",
        "verified",
        "visible",
    ];
    let name = snake(column);
    let starts = ["is_", "has_", "can_", "allow_", "should_", "was_"];
    starts.iter().any(|start| name.starts_with(start))
        || WHOLE.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

/// Names such as `created_at`, `OrderDate` or `last_visit_time`.
pub(crate) fn sounds_temporal(column: &str) -> bool {
    const LAST: [&str; 11] = [
        "at",
        "date",
        "datetime",
        "time",
        "timestamp",
        "created",
        "updated",
        "modified",
        "deleted",
        "expires",
        "ts",
    ];
    let name = snake(column);
    let last = name.rsplit('_').next().unwrap_or_default();
    LAST.contains(&last)
}

/// `OrderDate` as `order_date`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut lower_before = false;
    for char in name.chars() {
        if char.is_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = char.is_lowercase() || char.is_ascii_digit();
        out.extend(char.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_mean_what_people_mean_by_them() {
        let cases = [
            ("", Family::Unknown),
            ("boolean", Family::Boolean),
            ("INTEGER", Family::Integer),
            ("INTEGER NON", Family::Integer),
            ("TINYINT(1)", Family::SmallInteger),
            ("INT8", Family::BigInteger),
            ("bigint(20)", Family::BigInteger),
            ("VARCHAR(40)", Family::Text),
            ("LONGVARCHAR", Family::Text),
            ("NVARCHAR(160)", Family::Text),
            ("NUMERIC(10,2)", Family::Decimal(Some((10, 2)))),
            ("DECIMAL", Family::Decimal(None)),
            ("decimal(2,4)", Family::Decimal(None)),
            ("DATETIME", Family::DateTime),
            ("timestamp", Family::DateTime),
            ("DATE", Family::Date),
            ("GUID", Family::Uuid),
            ("FLOAT", Family::Real),
            ("DOUBLE PRECISION", Family::Real),
            ("POINT", Family::Integer),
            ("STRING", Family::Unknown),
            ("varbinary(16)", Family::Blob),
        ];
        for (declared, expected) in cases {
            assert_eq!(family(declared), expected, "{declared}");
        }
    }

    #[test]
    fn names_that_say_what_is_in_them() {
        assert!(["is_open", "IsOpen", "user_enabled", "hidden"].iter().all(|n| sounds_boolean(n)));
        assert!(!["island", "status", "count"].iter().any(|n| sounds_boolean(n)));
        assert!(["created_at", "OrderDate", "ts"].iter().all(|n| sounds_temporal(n)));
        assert!(!["update", "datum", "times"].iter().any(|n| sounds_temporal(n)));
    }
}
