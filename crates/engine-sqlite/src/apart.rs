//! `cutover_uuid(table, file, key)`: the same key of two files becomes two UUIDs, and every reference
//! to a key becomes the same one, in whatever order and process the files are read.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};
use sha2::{Digest as _, Sha256};

pub(crate) fn add(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("cutover_uuid", 3, flags, |context: &Context<'_>| {
        let (table, file): (String, String) = (context.get(0)?, context.get(1)?);
        match context.get_raw(2) {
            ValueRef::Null => Ok(None),
            key => Ok(Some(uuid(&table, &file, key)?)),
        }
    })
}

/// Version 8 of RFC 9562: 122 bits of the SHA-256 of the three parts, each with its length. Integers
/// are written as text, so that a reference with text affinity still meets its key.
fn uuid(table: &str, file: &str, key: ValueRef<'_>) -> Result<String> {
    let number;
    let key = match key {
        ValueRef::Integer(value) => {
            number = value.to_string();
            number.as_bytes()
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Real(_) | ValueRef::Null => {
            return Err(Error::UserFunctionError("a key is no real number".into()));
        }
    };
    let mut hash = Sha256::new();
    for part in [table.to_lowercase().as_bytes(), file.as_bytes(), key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Ok(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_files_and_tables_stay_apart_and_references_meet() {
        let conn = Connection::open_in_memory().unwrap();
        add(&conn).unwrap();
        let ask = |arguments: &str| -> Option<String> {
            let sql = format!("SELECT cutover_uuid({arguments})");
            conn.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let one = ask("'files', 'a.db', 1").unwrap();
        assert_eq!(uuid::Uuid::parse_str(&one).unwrap().get_version_num(), 8);
        assert_eq!(ask("'Files', 'a.db', '1'").unwrap(), one);
        for other in ["'files', 'b.db', 1", "'files', 'a.db', 2", "'symbols', 'a.db', 1"] {
            assert_ne!(ask(other).unwrap(), one, "{other}");
        }
        assert_eq!(ask("'files', 'a.db', NULL"), None);
        let real = conn.query_row("SELECT cutover_uuid('f', 'a', 1.5)", [], |_| Ok(()));
        assert!(real.is_err());
    }
}
