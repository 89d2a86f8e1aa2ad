//! PostgreSQL servers of our own: a throw-away cluster (scratch, tests) and the kept one behind
//! `target: { postgres: local }`. Both listen on a socket in a private folder and nowhere else.
//!
//! PostgreSQL refuses to run as root; started by root, its programs run as `postgres` (or
//! `nobody`), who owns the data folder.

mod account;
mod binaries;
mod cluster;
mod guardian;
mod local;
mod stale;
mod template;

pub use binaries::Binaries;
pub(crate) use binaries::program_folders;
pub use cluster::Cluster;
pub use local::{Local, LocalStatus};

use std::path::Path;

/// The superuser of our clusters.
pub const SUPERUSER: &str = "postgres";

/// The longest path of a Unix socket is 107 bytes; the file name in the folder takes the rest.
const SOCKET_FOLDER_MAX: usize = 107 - "/.s.PGSQL.5432".len();

/// PostgreSQL's usual port; a socket's file is named after it.
const PORT: u16 = 5432;

/// The URL of a database behind a socket folder.
fn socket_url(folder: &Path, port: u16, database: &str) -> String {
    let folder = percent_encode(&folder.to_string_lossy());
    let port = if port == PORT { String::new() } else { format!(":{port}") };
    format!("postgres://{SUPERUSER}@{folder}{port}/{}", percent_encode(database))
}

fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
