//! Paths as a repository names them. The services that show findings know the repository and not
//! the folder in which the program ran.

/// Where the program stands and where its repository starts, as absolute paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    here: String,
    root: String,
}

impl Paths {
    /// Without a repository, the folder of the reader is the root.
    pub fn new(here: impl Into<String>, root: Option<String>) -> Self {
        let here = here.into();
        Self { root: root.unwrap_or_else(|| here.clone()), here }
    }

    /// `name`, which starts where the reader stands, from the root on; what lies outside of the
    /// repository stays absolute. Separated by `/`.
    pub fn in_repository(&self, name: &str) -> String {
        let absolute =
            if name.starts_with('/') { tidy(name) } else { tidy(&format!("{}/{name}", self.here)) };
        let root = tidy(&self.root);
        match absolute.strip_prefix(&root).map(|rest| rest.trim_start_matches('/')) {
            Some(rest) if root == "/" || absolute.len() == root.len() + rest.len() + 1 => {
                rest.to_owned()
            }
            _ => absolute,
        }
    }
}

/// Without `.` and `..`.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

/// RFC 3986: a path whose bytes beyond the unreserved ones are escaped.
pub(super) fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_repository() {
        let paths = Paths::new("/srv/code/shop", Some("/srv/code".to_owned()));
        assert_eq!(paths.in_repository("plans/plan.yaml"), "shop/plans/plan.yaml");
        assert_eq!(paths.in_repository("../schemas/./a.sql"), "schemas/a.sql");
        assert_eq!(paths.in_repository("/srv/code/a.sql"), "a.sql");
        assert_eq!(paths.in_repository("/srv/codes/a.sql"), "/srv/codes/a.sql");
        assert_eq!(Paths::new("/srv", None).in_repository("plan.yaml"), "plan.yaml");
        assert_eq!(Paths::new("/", None).in_repository("plan.yaml"), "plan.yaml");
    }

    #[test]
    fn uris_escape_what_is_not_plain() {
        assert_eq!(uri("a b/ü%.yaml"), "a%20b/%C3%BC%25.yaml");
    }
}
