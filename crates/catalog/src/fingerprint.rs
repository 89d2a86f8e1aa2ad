//! One digest for a whole schema.

use sha2::{Digest as _, Sha256};

use crate::diff::may_be_renamed;
use crate::{Catalog, Object, ObjectKey, Scope};

/// SHA-256, lower-case hexadecimal, over everything in the scope. Names that the engine made are
/// left out, as in `diff`, so that catalogs without a difference have the same fingerprint.
pub fn fingerprint(catalog: &Catalog, scope: Scope) -> String {
    let mut objects: Vec<_> =
        scope.objects(catalog).map(|(key, object)| canonical(key, object, scope)).collect();
    objects.sort_unstable();
    let mut hash = Sha256::new();
    for object in &objects {
        field(&mut |bytes| hash.update(bytes), object);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(key: &ObjectKey, object: &Object, scope: Scope) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    let name = if may_be_renamed(key, object) { "" } else { key.name.as_str() };
    let mut write = |bytes: &[u8]| out.extend_from_slice(bytes);
    for part in [key.kind.word(), &key.schema, &key.parent, name] {
        field(&mut write, part.as_bytes());
    }
    for (property, value) in scope.facts(key, object) {
        field(&mut write, property.as_bytes());
        field(&mut write, value.as_bytes());
    }
    out
}

/// With its length before it, so that no two lists of fields have the same bytes.
fn field(write: &mut impl FnMut(&[u8]), bytes: &[u8]) {
    write(&(bytes.len() as u64).to_be_bytes());
    write(bytes);
}
