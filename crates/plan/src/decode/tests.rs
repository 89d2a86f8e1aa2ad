//! The decoder's key lists are those of the schema, so "did you mean" never proposes what is not
//! there and nothing documented is refused.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    TOP, backup, checks, components, constraints, grants, load, relations, settings, sources,
    stages, target,
};

/// The keys of these types of the schema together.
fn keys(schema: &Value, types: &[&str]) -> BTreeSet<String> {
    let properties = |name: &&str| match *name {
        "Document" => schema["properties"].clone(),
        other => schema["$defs"][other]["properties"].clone(),
    };
    let of = |properties: Value| match properties {
        Value::Object(map) => map.into_iter().map(|(key, _)| key).collect::<Vec<_>>(),
        other => panic!("{types:?} has no properties: {other}"),
    };
    types.iter().map(properties).flat_map(of).collect()
}

#[test]
fn key_lists_are_those_of_the_schema() {
    let schema = serde_json::to_value(crate::document::schema()).expect("a schema is JSON");
    let constraint =
        ["Whole", "ForeignKey", "CheckConstraint", "UniqueConstraint", "ConstraintDefinition"];
    let pairs: &[(&[&str], &[&str])] = &[
        (TOP, &["Document"]),
        (sources::SOURCE, &["SourcePath", "SourceGlob", "SourceFiles"]),
        (sources::TAGS, &["Tags"]),
        (sources::INCLUDE, &["IncludeFile"]),
        (target::TARGET, &["Target"]),
        (target::POSTGRES, &["PostgresTarget"]),
        (target::SQLITE, &["SqliteTarget"]),
        (target::BASELINE, &["OneBaseline", "EngineBaselines"]),
        (components::COMPONENTS, &["Components"]),
        (components::SEQUENCE, &["Whole", "SequenceParts"]),
        (components::VIEW, &["Whole", "ViewParts"]),
        (components::TYPE, &["Whole", "EnumType"]),
        (components::EXTENSION, &["ExtensionParts"]),
        (components::COMMENT, &["Whole", "CommentParts"]),
        (components::STATEMENT, &["Whole"]),
        (components::ON_TABLE, &["OnTableParts"]),
        (relations::TABLE, &["Whole", "TableParts"]),
        (relations::INDEX, &["Whole", "IndexParts"]),
        (constraints::CONSTRAINT, &constraint),
        (constraints::REFERENCES, &["ReferencesParts"]),
        (grants::GRANT, &["Whole", "GrantParts"]),
        (grants::GRANT_ON, &["GrantObject"]),
        (stages::STAGE, &["StageParts"]),
        (load::LOAD, &["LoadParts"]),
        (load::MERGE, &["Merge"]),
        (load::COLUMN, &["ColumnRuleParts"]),
        (load::MISFIT, &["MisfitDefault"]),
        (backup::BACKUP, &["Backup"]),
        (backup::KEEP, &["KeepRules"]),
        (backup::ATTEST, &["Attest"]),
        (checks::CHECKS, &["Checks"]),
        (checks::CHECK, &["Check"]),
        (checks::INVARIANT, &["SameInvariant", "SidesInvariant"]),
        (settings::WAIVER, &["Waiver"]),
        (settings::RETIRE, &["Retire"]),
        (settings::RUN, &["Run"]),
    ];
    for (list, types) in pairs {
        let list: BTreeSet<String> = list.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(list, keys(&schema, types), "{types:?}");
    }
}
