//! The one table of diagnostic codes. A number is never reused; letters say which module to open.
//! Errors cannot be waived; hazards and lints can, by their *name*.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

/// Which part of the program raises a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `plan`: the YAML itself.
    Plan,
    /// `compiler::resolve`, `compiler::graph`: names and order.
    Reference,
    /// `catalog`, introspection, scratch databases.
    Catalog,
    /// `compiler::baseline`, preflight: the known-good schema.
    Baseline,
    /// Waivable dangers.
    Hazard,
    /// Waivable advice on clarity.
    Lint,
    Waiver,
    /// `runtime` and the engines.
    Run,
    Journal,
    /// Sources (L1) and what is read from them.
    Source,
    /// `backup`: manifests, the catalog of backups, restoring (L2).
    Backup,
    /// `cli`: the command line and its outputs.
    Cli,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Three letters and three digits, for search and `explain`.
    pub id: &'static str,
    /// kebab-case, reads after "allow".
    pub name: &'static str,
    pub severity: Severity,
    pub family: Family,
    /// First version that raises it.
    pub since: &'static str,
    /// What it means, in one sentence.
    pub what: &'static str,
    /// `pages/<id>.md`: what, why, a bad and a good example; `tests/suite/pages.rs` holds it to that.
    pub page: &'static str,
}

impl Code {
    /// The page without what it says to its test alone.
    pub fn page_text(&self) -> &'static str {
        self.page.split("\n<!--").next().unwrap_or(self.page)
    }
}

macro_rules! codes {
    ($($ident:ident = $id:literal $name:literal $severity:ident $family:ident $what:literal;)*) => {
        $(#[doc = $what] pub static $ident: Code = Code {
            id: $id, name: $name, severity: Severity::$severity, family: Family::$family,
            since: "0.1.0", what: $what, page: include_str!(concat!("../pages/", $id, ".md")),
        };)*
        /// Every code, in the order of the table.
        pub static ALL: &[&Code] = &[$(&$ident),*];
    };
}

codes! {
    YAML_SYNTAX = "PLN101" "yaml-syntax" Error Plan "the plan is not valid YAML";
    TOO_LARGE = "PLN102" "too-large" Error Plan "the file, its nesting or its aliases are over the limit";
    SEVERAL_DOCUMENTS = "PLN103" "several-documents" Error Plan "a plan file holds exactly one YAML document";
    UNKNOWN_KEY = "PLN104" "unknown-key" Error Plan "the key is not part of the plan language";
    DUPLICATE_KEY = "PLN105" "duplicate-key" Error Plan "the same key stands twice in one mapping";
    WRONG_TYPE = "PLN106" "wrong-type" Error Plan "the value is not of the type the key takes";
    MISSING_KEY = "PLN107" "missing-key" Error Plan "a required key is not there";
    UNKNOWN_VALUE = "PLN108" "unknown-value" Error Plan "the value is none of the values the key takes";
    CONFLICTING_KEYS = "PLN109" "conflicting-keys" Error Plan "two keys exclude each other";
    INVALID_NAME = "PLN110" "invalid-name" Error Plan "a name is empty, too long for the engine, or holds a character no engine takes";
    UNSUPPORTED_VERSION = "PLN111" "unsupported-version" Error Plan "the plan asks for a version of the language this program does not know";
    PASSWORD_IN_PLAN = "PLN112" "password-in-plan" Error Plan "a connection URL in the plan carries a password";
    FILE_UNREADABLE = "PLN113" "file-unreadable" Error Plan "a file that the plan names cannot be read";
    FILE_OUTSIDE = "PLN114" "file-outside" Error Plan "an included file lies outside the plan's folder tree";
    DUPLICATE_NAME = "PLN115" "duplicate-name" Error Plan "two checks have the same name, so that a report could mean either";
    LAYOUT_REFUSED = "PLN116" "layout-refused" Error Plan "a plan cannot be laid out anew without changing what it means";

    NOT_A_COMPILED_PLAN = "PLN120" "not-a-compiled-plan" Error Plan "the file is not a compiled plan that this program reads";

    UNKNOWN_COMPONENT = "REF201" "unknown-component" Error Reference "a name refers to no component of the plan";
    DUPLICATE_COMPONENT = "REF202" "duplicate-component" Error Reference "two definitions of one component";
    UNKNOWN_STAGE = "REF203" "unknown-stage" Error Reference "a name refers to no stage of the plan";
    UNKNOWN_SOURCE = "REF204" "unknown-source" Error Reference "a name refers to no source of the plan";
    COMPONENT_IN_TWO_STAGES = "REF205" "component-in-two-stages" Error Reference "a component or a table's data belongs to exactly one stage";
    UNOWNED_COMPONENT = "REF206" "unowned-component" Error Reference "no stage owns the component, so it would never be built";
    UNREACHABLE_STAGE = "REF207" "unreachable-stage" Error Reference "the stage can never run before the promote";
    UNKNOWN_COLUMN = "REF208" "unknown-column" Error Reference "the table has no such column";
    DATA_WITHOUT_SOURCE = "REF209" "data-without-source" Error Reference "nothing says where a table's rows come from";
    DEPENDENCY_CYCLE = "REF210" "dependency-cycle" Error Reference "steps need each other in a circle";
    FOREIGN_SCHEMA = "REF211" "foreign-schema" Error Reference "a component lies outside the target schema";
    UNSUPPORTED_STATEMENT = "REF212" "unsupported-statement" Error Reference "a statement in an included file is neither a component nor a setting that can be passed over";
    WRONG_ENGINE = "REF213" "wrong-engine" Error Reference "the target's engine does not have this kind of component";
    STAGE_AFTER_PROMOTE = "REF214" "stage-after-promote" Error Reference "a stage that changes the target must come before the promote";
    BUILT_IN_STAGE = "REF215" "built-in-stage" Error Reference "a built-in stage cannot be left out or changed in this way";
    AMBIGUOUS_NAME = "REF216" "ambiguous-name" Error Reference "a name fits several components";
    PASSED_OVER = "REF217" "passed-over" Note Reference "something in an included file has no part in a staged build and is not used";
    OFFSET_UNKNOWN = "REF218" "offset-unknown" Error Reference "a key is offset by a table whose own keys are not";

    SQL_SYNTAX = "CAT301" "sql-syntax" Error Catalog "a SQL text cannot be split into statements";
    STATEMENT_REFUSED = "CAT302" "statement-refused" Error Catalog "the engine refuses a statement";
    COMPARED_BY_SYNTAX = "CAT303" "compared-by-syntax" Note Catalog "no scratch database was at hand, so schemas were compared by syntax";
    NO_SCRATCH = "CAT304" "no-scratch" Error Catalog "a scratch database is needed and none can be had";
    OPAQUE_OBJECT = "CAT305" "opaque-object" Note Catalog "an object is compared only as text";
    SCRATCH_VERSION = "CAT306" "scratch-version" Warning Catalog "the scratch database is of another major version than the target";
    CAPTURE_NOTHING = "CAT307" "nothing-to-capture" Error Catalog "there is no schema of this name to capture";
    SCHEMA_MISSING = "CAT308" "schema-missing" Error Catalog "the database has no schema of this name";
    SCHEMA_CHANGED = "CAT309" "schema-changed" Error Catalog "the schema changed while it was read";
    DIFFERENT_ENGINES = "CAT320" "different-engines" Error Catalog "schemas of different engines cannot be compared";

    BASELINE_MISSING_COMPONENT = "BAS401" "baseline-component-missing" Error Baseline "the baseline has a component that the plan does not build";
    BASELINE_DIFFERENT = "BAS402" "baseline-component-different" Error Baseline "the plan builds a component otherwise than the baseline has it";
    BASELINE_EXTRA_COMPONENT = "BAS403" "baseline-component-extra" Error Baseline "the plan builds a component that the baseline does not have";
    BASELINE_NONE = "BAS404" "baseline-none" Error Baseline "the plan names no baseline";
    BASELINE_EMPTY = "BAS405" "baseline-empty" Error Baseline "the baseline defines no component";
    BASELINE_OTHER_ENGINE = "BAS406" "baseline-other-engine" Error Baseline "the baseline is of another engine than the target";
    DRIFT_FOUND = "BAS410" "drift-found" Error Baseline "the live schema differs from its baseline";
    BASELINE_NEW_UNUSED = "BAS411" "new-component-not-new" Error Baseline "a component is declared new but the baseline already has it, or the plan does not build it";
    BASELINE_LOSES = "BAS420" "baseline-loses-component" Error Baseline "a baseline loses a component relative to a revision, and the plan does not retire it";
    RETIRE_UNUSED = "BAS421" "retire-unused" Error Baseline "a component is retired that the baseline does not lose";

    DATA_LOSS = "HAZ501" "deletes-data" Error Hazard "a statement deletes data";
    REPLACES_TABLE = "HAZ502" "replaces-table" Warning Hazard "a table with rows in the target is replaced";
    WEAK_TLS = "HAZ503" "weak-tls" Warning Hazard "the connection to a remote host is not verified";
    REPLACES_WITHOUT_BACKUP = "HAZ504" "replaces-without-backup" Warning Hazard "what the promote replaces is not backed up first";
    EXPOSES_DATA = "HAZ505" "exposes-data" Error Hazard "a step lets somebody see what the run builds before it is complete, or outside of the target";

    // LNT601 was declared and never raised; the number is not used again.
    FOREIGN_KEY_WITHOUT_INDEX = "LNT602" "foreign-key-without-index" Warning Lint "deleting from the referenced table scans the referencing one";

    UNUSED_WAIVER = "WVR701" "unused-waiver" Error Waiver "the waiver permits nothing that the plan does";
    EXPIRED_WAIVER = "WVR702" "expired-waiver" Error Waiver "the waiver's date has passed";
    UNKNOWN_WAIVER = "WVR703" "unknown-waiver" Error Waiver "no hazard or lint has this name";

    RUN_IN_PROGRESS = "RUN801" "run-in-progress" Error Run "another run holds the target";
    UNREACHABLE = "RUN802" "unreachable" Error Run "the target cannot be reached";
    WRONG_TARGET = "RUN803" "wrong-target" Error Run "the target is not the one the plan names";
    NO_PRIVILEGE = "RUN804" "no-privilege" Error Run "the role lacks a privilege that the run needs";
    PREFLIGHT = "RUN805" "preflight-failed" Error Run "something that is known before the window stops the run";
    TARGET_NOT_EMPTY = "RUN806" "target-not-empty" Error Run "a component that the plan builds is already in the target";
    INBOUND_REFERENCE = "RUN807" "inbound-reference" Error Run "an object outside the plan refers to a table that is replaced";
    UNEXPECTED_DIGEST = "RUN808" "unexpected-digest" Error Run "the compiled plan is not the one that was reviewed";
    TLS_REQUIRED = "RUN809" "tls-required" Error Run "a remote host must be verified";
    STATEMENT_FAILED = "RUN810" "statement-failed" Error Run "the engine refused a statement of the run";
    LOAD_FAILED = "RUN811" "load-failed" Error Run "rows could not be loaded";
    VALUE_DOES_NOT_FIT = "RUN812" "value-does-not-fit" Error Run "a value of the source does not fit its target column";
    UNSUPPORTED_TYPE = "RUN813" "unsupported-type" Error Run "a target column's type has no way in from SQLite";
    SKIPPED_BY_WARNING = "RUN814" "skipped-by-warning" Error Run "the engine skipped the work and only warned";
    LOCK_TIMEOUT = "RUN815" "lock-timeout" Error Run "a lock was not granted in the permitted tries";
    INTERRUPTED = "RUN816" "interrupted" Error Run "the run was asked to stop";
    CONNECTION_LOST = "RUN817" "connection-lost" Error Run "the connection to the target ended";
    DISK_FULL = "RUN818" "disk-full" Error Run "there is no space left";
    NOT_CONFIRMED = "RUN819" "not-confirmed" Error Run "the run was not confirmed";
    ROWS_DIFFER = "RUN820" "rows-differ" Error Run "the target's rows are not the source's";
    CATALOG_DIFFERS = "RUN821" "catalog-differs" Error Run "the built schema is not the baseline";
    CHECK_FAILED = "RUN822" "check-failed" Error Run "an assertion of the plan does not hold";
    INTEGRITY_FAILED = "RUN823" "integrity-failed" Error Run "the engine's own integrity check failed";
    UNDECIDED = "RUN824" "undecided" Error Run "whether the promote committed could not be found out";
    TARGET_CHANGED = "RUN825" "target-changed" Error Run "the target changed while the run was building";
    COLUMN_WITHOUT_VALUE = "RUN826" "column-without-value" Error Run "a target column that needs a value gets none";
    COLUMN_LEFT_NULL = "RUN827" "column-left-null" Warning Run "a target column gets null in every row";
    LEFT_BEHIND = "RUN828" "left-behind" Warning Run "something that the run built could not be removed";
    LIVE_TOUCHED = "RUN829" "live-touched" Error Run "the plan's SQL writes to the live target while the run builds";
    LEDGER_DIFFERS = "RUN830" "ledger-differs" Error Run "the ledger of the run's loads is of another plan or of other sources";
    NOTHING_TO_JOIN = "RUN831" "nothing-to-join" Error Run "there is no load that a worker could join";
    LEASE_LOST = "RUN832" "lease-lost" Error Run "another worker took over the unit that this one was loading";
    SORT_WITHOUT_ROOM = "RUN833" "sort-without-room" Error Run "the build of an index needs more temporary files than the server permits";
    MERGE_CONFLICT = "RUN834" "merge-conflict" Error Run "files that share a table have different rows for one key";

    NEW_ROWS = "RUN840" "new-rows" Error Run "rows were written to the promoted state, and a rollback would lose them";
    NOTHING_KEPT = "RUN841" "nothing-kept" Error Run "the state that the run replaced is not there any more";
    PROMOTED_SINCE = "RUN842" "promoted-since" Error Run "the target does not hold the state that the run promoted";
    POSTGRES_UNSUPPORTED_SCHEMA = "RUN843" "postgres-unsupported-schema" Error Run "what the database holds of runs is of a newer format than this program supports";
    NOTHING_TO_RECOVER = "RUN844" "nothing-to-recover" Error Run "the run is not in a state that this command is for";

    JOURNAL_CORRUPT = "JRN901" "journal-corrupt" Error Journal "a journal record is damaged";
    UNFINISHED_RUN = "JRN902" "unfinished-run" Warning Journal "an earlier run did not end by itself";
    JOURNAL_TOO_NEW = "JRN903" "journal-too-new" Error Journal "the journal was written by a newer version";
    JOURNAL_INACCESSIBLE = "JRN904" "journal-inaccessible" Error Journal "the journal cannot be read or written";
    NO_RUN = "JRN905" "no-run" Error Journal "there is no such run";
    UNFINISHED_IN_THE_WAY = "JRN906" "unfinished-run-in-the-way" Error Journal "what an unfinished run built is still in the target";

    SOURCE_MISSING = "SRC101" "source-missing" Error Source "a source file is not there";
    SOURCE_NOT_SQLITE = "SRC102" "source-not-sqlite" Error Source "a source file is not a SQLite database";
    SOURCE_EMPTY = "SRC103" "source-empty" Error Source "a source database has no bytes or no tables";
    SOURCE_HOT_JOURNAL = "SRC104" "source-hot-journal" Error Source "a source has a hot rollback journal";
    SOURCE_CORRUPT = "SRC105" "source-corrupt" Error Source "a source fails its integrity check";
    SOURCE_CHANGED = "SRC106" "source-changed" Error Source "a source changed during the run";
    SOURCE_TARGET_SAME_FILE = "SRC107" "source-target-same-file" Error Source "a source is the same file as an output of the run";
    SOURCE_UNREADABLE = "SRC108" "source-unreadable" Error Source "a source cannot be opened for reading";
    SOURCE_LOCKED = "SRC109" "source-locked" Error Source "a writer holds a source too long";
    SOURCE_TABLE_MISSING = "SRC110" "source-table-missing" Error Source "a source has no such table or column";
    SOURCE_QUERY = "SRC111" "source-query" Error Source "a query on a source fails";
    BACKUP_FAILED = "SRC112" "backup-failed" Error Source "the backup could not be taken or did not restore to the same rows";
    SQLITE_UNSUPPORTED_SCHEMA = "SRC113" "unsupported-schema" Error Source "the database is of a newer format or version than this program or the plan supports";
    SOURCE_FOREIGN_KEYS = "SRC114" "source-foreign-keys" Warning Source "rows of a source break its declared foreign keys";
    SOURCE_TWICE = "SRC115" "source-twice" Error Source "two paths of one source are the same file";
    COLUMN_UNPLACED = "SRC116" "column-unplaced" Error Source "a source column has no place in the target";
    SOURCE_MOVED_ON = "SRC117" "source-moved-on" Warning Source "a source changed during the run, and the plan permits it";
    SOURCE_ENCRYPTED = "SRC120" "source-encrypted" Error Source "a source file looks encrypted";
    SOURCE_TAG = "SRC119" "source-tag" Error Source "a file gives no tag or key as the plan asks for it";
    SOURCE_GROUPS = "SRC118" "source-groups" Warning Source "the files of a source have different schemas, or some cannot be read";

    BACKUP_DAMAGED = "BKP101" "backup-damaged" Error Backup "a backup or its manifest is not what was written";
    BACKUP_UNKNOWN = "BKP102" "backup-unknown" Error Backup "there is no such backup, or the name fits several";
    BACKUP_TOO_NEW = "BKP103" "backup-too-new" Error Backup "a manifest of a backup was written by a newer version";
    BACKUP_CATALOG = "BKP104" "backup-catalog" Error Backup "the catalog of backups cannot be read or written";
    RESTORE_REFUSED = "BKP105" "restore-refused" Error Backup "what is in the place of a restore must not be replaced";
    RESTORE_FAILED = "BKP106" "restore-failed" Error Backup "a backup could not be restored";
    BACKUP_TOOL = "BKP107" "backup-tool" Error Backup "PostgreSQL's own backup programs are missing or too old for the server";
    NOT_ATTESTED = "BKP110" "backup-not-attested" Error Backup "the plan's command does not prove that the external backup is recent and was restored";
    RECOVERY_NOT_READY = "BKP111" "point-in-time-recovery" Warning Backup "the server does not archive what point-in-time recovery needs";
    BACKUP_INCOMPLETE = "BKP112" "backup-incomplete" Warning Backup "something of the database is no part of the backup";

    USAGE = "CLI001" "usage" Error Cli "the command line asks for something that cannot be done";
    OUTPUT = "CLI002" "output" Error Cli "an output file or stream cannot be written";
    REVISION = "CLI020" "revision" Error Cli "a file cannot be read at a git revision";
    REHEARSAL_LEFT = "CLI031" "rehearsal-left" Error Cli "what a rehearsal made could not all be removed";
    EDITOR_PROTOCOL = "CLI030" "editor-protocol" Error Cli "what an editor sends to the language server cannot be understood";

    INTERNAL = "INT999" "internal" Error Run "a defect of this program";
}

/// The code with this id (any case) or name.
pub fn find(id_or_name: &str) -> Option<&'static Code> {
    ALL.iter()
        .copied()
        .find(|code| code.id.eq_ignore_ascii_case(id_or_name) || code.name == id_or_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_and_names_are_unique_and_well_formed() {
        let ids: BTreeSet<_> = ALL.iter().map(|code| code.id).collect();
        let names: BTreeSet<_> = ALL.iter().map(|code| code.name).collect();
        assert_eq!((ids.len(), names.len()), (ALL.len(), ALL.len()));
        for code in ALL {
            assert!(
                code.id.len() == 6 && code.id[..3].chars().all(|c| c.is_ascii_uppercase()),
                "{}",
                code.id
            );
            assert!(code.id[3..].chars().all(|c| c.is_ascii_digit()), "{}", code.id);
            assert!(code.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", code.name);
        }
    }
}
