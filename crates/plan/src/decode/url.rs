//! Connection URLs: a password in one is found, never shown.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

pub(super) fn is_postgres_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// Where the passwords of a PostgreSQL URL or a `key=value` connection text are.
pub(super) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = password_parameters(text);
    let scheme = SCHEMES.iter().find(|scheme| text.starts_with(**scheme));
    found.extend(scheme.and_then(|scheme| user_password(text, scheme.len())));
    found
}

/// The password of `user:password@host`, from `start` of the URL.
fn user_password(url: &str, start: usize) -> Option<Range<usize>> {
    let rest = &url[start..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let end = match authority.rfind('@') {
        Some(end) => end,
        // A password with a `/` in it: what looks like a port is none.
        None if !port_like(authority) => rest.rfind('@')?,
        None => return None,
    };
    let colon = rest[..end].find(':')?;
    (colon + 1 < end).then_some(start + colon + 1..start + end)
}

fn port_like(authority: &str) -> bool {
    authority.rsplit_once(':').is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

/// The values of `password=` and `sslpassword=`, in a URL's query or a connection text.
fn password_parameters(text: &str) -> Vec<Range<usize>> {
    const KEY: &str = "password";
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    for (at, _) in lower.match_indices(KEY) {
        let rest = &text[at + KEY.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=') else { continue };
        let value = value.trim_start();
        let start = text.len() - value.len();
        let end = match value.chars().next() {
            Some('\'') => value[1..].find('\'').map_or(value.len(), |end| end + 2),
            _ => value.find([' ', '&', '\'', '"', '\n', ',', '}', '`']).unwrap_or(value.len()),
        };
        if end > 0 {
            found.push(start..start + end);
        }
    }
    found
}

/// The plan's text for showing: passwords of connection URLs are replaced by as many asterisks, so
/// that every place stays where it is. A renderer prints whole lines, hence the text that it prints
/// from must not hold them. For reading, take the original: SQL may hold such a URL as data.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut secrets = in_urls(text);
    secrets.extend(in_connection_texts(text));
    if secrets.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(mask(text, secrets)) }
}

/// A message without passwords, whatever it repeats.
pub(super) fn masked(message: &str) -> String {
    let mut secrets = in_urls(message);
    secrets.extend(password_parameters(message));
    mask(message, secrets)
}

fn mask(text: &str, secrets: Vec<Range<usize>>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for secret in secrets {
        for byte in bytes[secret].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b'*';
        }
    }
    // Whole characters were replaced, so the text is still UTF-8.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Passwords in PostgreSQL URLs, wherever these stand.
fn in_urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for scheme in SCHEMES {
        for at in memmem::find_iter(text.as_bytes(), scheme) {
            let rest = &text[at..];
            let end = rest.find(['\n', '"', '\'', ' ', '`']).unwrap_or(rest.len());
            found.extend(passwords(&rest[..end]).into_iter().map(|r| at + r.start..at + r.end));
        }
    }
    found
}

/// `password=` on lines that say where a server is.
fn in_connection_texts(text: &str) -> Vec<Range<usize>> {
    const KEYS: [&str; 4] = ["url:", "postgres:", "server:", "host="];
    // Schemas of tens of megabytes are shown too, and hold none.
    let keys = KEYS.map(memmem::Finder::new);
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if keys.iter().any(|key| key.find(line.as_bytes()).is_some()) {
            let inside = password_parameters(line).into_iter();
            found.extend(inside.map(|r| start + r.start..start + r.end));
        }
        start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        redact(text).into_owned()
    }

    #[test]
    fn a_password_is_found_wherever_it_stands() {
        for (url, expected) in [
            ("postgres://app@db/shop", vec![]),
            ("postgres://db:5432/shop?application_name=a@b", vec![]),
            ("postgres://app:@db/shop", vec![]),
            ("postgres://app:s3cret@db/shop", vec!["s3cret"]),
            ("postgresql://app:s3c@ret@db/shop", vec!["s3c@ret"]),
            ("postgres://app:s3/cret@db/shop", vec!["s3/cret"]),
            ("postgres://db/shop?user=app&password=s3cret&x=1", vec!["s3cret"]),
            ("host=db password = s3cret user=x", vec!["s3cret"]),
            ("host=db password='s3 cret' user=x", vec!["'s3 cret'"]),
        ] {
            let found: Vec<_> = passwords(url).into_iter().map(|range| &url[range]).collect();
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn redacted_text_keeps_every_place() {
        assert_eq!(
            shown("url: postgres://a:gehé1m@h/d # x\nb: c"),
            "url: postgres://a:*******@h/d # x\nb: c"
        );
        assert_eq!(shown("url: \"host=h password=abc\"\n"), "url: \"host=h password=***\"\n");
        assert_eq!(shown("where: password = reset\n"), "where: password = reset\n");
        assert_eq!(shown("url: { env: DATABASE_URL }"), "url: { env: DATABASE_URL }");
    }
}
