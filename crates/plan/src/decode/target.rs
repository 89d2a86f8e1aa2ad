//! `target:` and `baseline:`.

use diagnostics::{Diagnostic, Span, Spanned, code};

use crate::model::{
    Baseline, BaselineFile, EngineKind, Existing, Inbound, PostgresTarget, Server, SqliteTarget,
    Target, TlsMode,
};
use crate::yaml::{Entry, Kind, Node};

use super::context::Decoder;
use super::fields::Fields;
use super::url;

pub(crate) const TARGET: &[&str] = &["postgres", "sqlite"];
pub(crate) const POSTGRES: &[&str] =
    &["url", "server", "schema", "tls", "existing", "inbound", "environment", "database", "owner"];
pub(crate) const SQLITE: &[&str] = &["path", "existing"];
pub(crate) const BASELINE: &[&str] = &["postgres", "sqlite", "file", "schema", "new"];

const TLS: &[(&str, TlsMode)] = &[
    ("verify-full", TlsMode::VerifyFull),
    ("insecure-no-hostname", TlsMode::InsecureNoHostname),
    ("insecure-no-verify", TlsMode::InsecureNoVerify),
    ("insecure-disable", TlsMode::InsecureDisable),
];
const EXISTING: &[(&str, Existing)] =
    &[("refuse", Existing::Refuse), ("replace", Existing::Replace)];
const INBOUND: &[(&str, Inbound)] = &[("refuse", Inbound::Refuse), ("carry", Inbound::Carry)];

impl Decoder {
    pub(super) fn target(&mut self, fields: &Fields<'_>) -> Option<Target> {
        let entry = fields.required(
            self,
            "target",
            "add `target: { postgres: local }` or `target: { sqlite: out/shop.sqlite }`",
        )?;
        let target = self.fields(&entry.value, entry.key.span, "`target`", TARGET)?;
        let engine = target.one_of(self, TARGET)?;
        let span = entry.key.span.to(entry.value.span);
        match engine.key.value.as_str() {
            "postgres" => self.postgres_target(engine, span).map(Target::Postgres),
            _ => self.sqlite_target(engine, span).map(Target::Sqlite),
        }
    }

    fn postgres_target(&mut self, entry: &Entry, span: Span) -> Option<PostgresTarget> {
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            let server = self.short_server(entry)?;
            return Some(PostgresTarget {
                span,
                server,
                schema: None,
                tls: None,
                existing: None,
                inbound: None,
                environment: None,
                database: None,
                owner: None,
            });
        }
        let fields = self.fields(&entry.value, entry.key.span, "a PostgreSQL target", POSTGRES)?;
        let server = self.server(&fields);
        let schema = fields.get("schema").and_then(|entry| self.name_of(entry));
        let tls = self.choice_at(&fields, "tls", TLS);
        let existing = self.choice_at(&fields, "existing", EXISTING);
        let inbound = self.choice_at(&fields, "inbound", INBOUND);
        let environment =
            fields.get("environment").and_then(|entry| self.sentence(entry, "a label"));
        let database = fields.get("database").and_then(|entry| self.name_of(entry));
        let owner = fields.get("owner").and_then(|entry| self.name_of(entry));
        let server = server?;
        Some(PostgresTarget {
            span,
            server,
            schema,
            tls,
            existing,
            inbound,
            environment,
            database,
            owner,
        })
    }

    pub(super) fn choice_at<T: Copy>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let entry = fields.get(key)?;
        self.choice(key, &entry.value, words)
    }

    /// `postgres: local` or `postgres: postgres://…`.
    fn short_server(&mut self, entry: &Entry) -> Option<Server> {
        let text = self.text(&entry.key.value, &entry.value, "`local`, a URL, or a mapping")?;
        if text.value == "local" {
            return Some(Server::Local);
        }
        if text.value.contains("://") || text.value.contains('=') {
            return self.plain_url(entry, &entry.value);
        }
        self.unknown_value("postgres", &text.value, text.span, &["local"]);
        None
    }

    fn server(&mut self, fields: &Fields<'_>) -> Option<Server> {
        let entry = fields.one_of(self, &["url", "server"])?;
        if entry.key.value == "server" {
            let local = self.choice("server", &entry.value, &[("local", ())]);
            return local.map(|_| Server::Local);
        }
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            return self.plain_url(entry, &entry.value);
        }
        let place = self.fields(&entry.value, entry.key.span, "`url`", &["env", "file"])?;
        let from = place.one_of(self, &["env", "file"])?;
        match from.key.value.as_str() {
            "env" => self.variable(from).map(Server::Env),
            _ => self.sentence(from, "a path").map(Server::File),
        }
    }

    fn variable(&mut self, entry: &Entry) -> Option<Spanned<String>> {
        let expected = "the name of an environment variable";
        let name = self.text(&entry.key.value, &entry.value, expected)?;
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.value.is_empty() || !name.value.chars().all(known) {
            // The text is not repeated: it may be the URL itself, put here by mistake.
            self.secret_finding(
                Diagnostic::new(&code::WRONG_TYPE, format!("`env` takes {expected}")),
                entry.key.span,
                "the variable holds the URL, its name stands here: `env: SHOP_DATABASE_URL`",
            );
            return None;
        }
        Some(name)
    }

    /// A URL that stands in the plan. Its text is never repeated in a finding, and findings about
    /// it point at the key.
    fn plain_url(&mut self, entry: &Entry, node: &Node) -> Option<Server> {
        const ELSEWHERE: &str = "take the URL from the environment, `url: { env: NAME }`, \
                                 or from a file of mode 0600, `url: { file: PATH }`";
        let text = self.text(&entry.key.value, node, "a URL")?;
        if !url::passwords(&text.value).is_empty() {
            let message = "the connection URL carries a password";
            let finding = Diagnostic::new(&code::PASSWORD_IN_PLAN, message);
            self.secret_finding(finding, entry.key.span, ELSEWHERE);
            return None;
        }
        if !url::is_postgres_url(&text.value) {
            let message =
                format!("`{}` takes a URL that starts with `postgres://`", entry.key.value);
            let finding = Diagnostic::new(&code::UNKNOWN_VALUE, message);
            self.secret_finding(finding, entry.key.span, ELSEWHERE);
            return None;
        }
        Some(Server::Url(text))
    }

    fn secret_finding(&mut self, finding: Diagnostic, key: Span, help: &str) {
        self.report(finding.label(key, "the value of this key").help(help));
    }

    fn sqlite_target(&mut self, entry: &Entry, span: Span) -> Option<SqliteTarget> {
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            let path = self.sentence(entry, "a path or a mapping")?;
            return Some(SqliteTarget { span, path, existing: None });
        }
        let fields = self.fields(&entry.value, entry.key.span, "a SQLite target", SQLITE)?;
        let path = fields
            .required(self, "path", "add the file to make: `path: out/shop.sqlite`")
            .and_then(|entry| self.sentence(entry, "a path"));
        let existing = self.choice_at(&fields, "existing", EXISTING);
        Some(SqliteTarget { span, path: path?, existing })
    }

    pub(super) fn baseline(&mut self, fields: &Fields<'_>) -> Option<Baseline> {
        let entry = fields.get("baseline")?;
        let span = entry.key.span.to(entry.value.span);
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            let path = self.sentence(entry, "a SQL file or a mapping")?;
            let file = BaselineFile { path, engine: None, schema: None };
            return Some(Baseline { span, files: vec![file], new: Vec::new() });
        }
        let fields = self.fields(&entry.value, entry.key.span, "`baseline`", BASELINE)?;
        let files = self.baseline_files(&fields);
        let new = fields.get("new").map(|entry| self.component_names(entry)).unwrap_or_default();
        Some(Baseline { span, files, new })
    }

    fn baseline_files(&mut self, fields: &Fields<'_>) -> Vec<BaselineFile> {
        if let Some(file) = fields.get("file") {
            fields.alone(self, file, &["schema", "new"]);
            let path = self.sentence(file, "a path");
            let schema = fields.get("schema").and_then(|entry| self.name_of(entry));
            return path
                .map(|path| BaselineFile { path, engine: None, schema })
                .into_iter()
                .collect();
        }
        if let Some(schema) = fields.get("schema") {
            fields.alone(self, schema, &["new"]);
        }
        let engines = [("postgres", EngineKind::Postgres), ("sqlite", EngineKind::Sqlite)];
        let given: Vec<_> = engines
            .into_iter()
            .filter_map(|(key, engine)| fields.get(key).map(|entry| (entry, engine)))
            .collect();
        if given.is_empty() {
            fields.one_of(self, &["file", "postgres", "sqlite"]);
        }
        given.into_iter().filter_map(|(entry, engine)| self.baseline_file(entry, engine)).collect()
    }

    fn baseline_file(&mut self, entry: &Entry, engine: EngineKind) -> Option<BaselineFile> {
        if matches!(entry.value.kind, Kind::Scalar(_)) {
            let path = self.sentence(entry, "a SQL file or a mapping")?;
            return Some(BaselineFile { path, engine: Some(engine), schema: None });
        }
        let what = "a baseline";
        let fields = self.fields(&entry.value, entry.key.span, what, &["file", "schema"])?;
        let path = fields
            .required(self, "file", "add the baseline's SQL file: `file: shop.sql`")
            .and_then(|entry| self.sentence(entry, "a path"));
        let schema = fields.get("schema").and_then(|entry| self.name_of(entry));
        Some(BaselineFile { path: path?, engine: Some(engine), schema })
    }
}
