//! The statement that takes an object away which the baseline does not have.

use sql::Dialect;

use super::names::{parent, path, quoted, target, word};
use super::{Mend, create};
use crate::properties as p;
use crate::{Kind, Object, ObjectKey};

/// Never with `CASCADE`: what depends on the object is for a person to judge.
pub(super) fn object(mend: &Mend<'_>, key: &ObjectKey, object: &Object) -> Vec<String> {
    let sqlite = mend.dialect == Dialect::Sqlite;
    let name = quoted(&key.name);
    let statement = match key.kind {
        Kind::Grant => return create::grant(mend, key, object, p::REVOKED),
        Kind::Column => format!("ALTER TABLE {} DROP COLUMN {name}", parent(key)),
        Kind::Constraint if sqlite => return Vec::new(),
        Kind::Constraint => format!("ALTER TABLE {} DROP CONSTRAINT {name}", parent(key)),
        Kind::Trigger if sqlite => format!("DROP TRIGGER {name}"),
        Kind::Trigger | Kind::Rule | Kind::Policy => match target(key, object) {
            Some(target) => format!("DROP {target}"),
            None => return Vec::new(),
        },
        _ => match word(key, object) {
            "" => return Vec::new(),
            word => format!("DROP {word} {}", path(key)),
        },
    };
    vec![statement]
}
