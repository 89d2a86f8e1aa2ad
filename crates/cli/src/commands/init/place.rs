//! Where the new plan goes, what it is called, and how it names its source.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use proposal::Plan;

use super::usage;
use crate::args::Init;
use crate::failure::Failure;
use crate::{folders, output_file};

pub(super) struct Place {
    /// The plan's name.
    pub(super) name: String,
    /// As it was given or made.
    pub(super) folder: PathBuf,
    pub(super) from: PathBuf,
    /// The source as the plan names it.
    pub(super) source: String,
}

const THERE: &str = "name another folder with `-o`, or move this one away: nothing is written over";

impl Place {
    /// # Errors
    /// A name that no plan can have, a folder that is there, a path that YAML cannot hold.
    pub(super) fn choose(args: &Init) -> Result<Self, Failure> {
        let stem = args.from.file_stem().unwrap_or_default().to_string_lossy();
        let name = args.name.clone().unwrap_or_else(|| proposal::plan_name(&stem));
        if !plan::is_plan_name(&name) {
            return Err(usage(
                format!("`{name}` is no name for a plan"),
                "a letter from a to z, then letters, digits, `_` and `-`, at most 63",
            ));
        }
        let folder = args.output.clone().unwrap_or_else(|| PathBuf::from(&name));
        if fs::symlink_metadata(&folder).is_ok() {
            return Err(output_file::is_there(&folder, THERE));
        }
        let from = args.from.clone();
        let source = named(&folder, &from)?;
        Ok(Self { name, folder, from, source })
    }

    /// The whole folder at once: under another name first, so that nobody ever finds half of it.
    pub(super) fn write(&self, plan: &Plan, schema: &str) -> Result<(), Failure> {
        let unwritable = |error: io::Error| output_file::unwritable(&self.folder, &error);
        let parent = folders::folder_of(&self.folder);
        fs::create_dir_all(&parent).map_err(unwritable)?;
        let made = self.fill(&parent, plan, schema).map_err(unwritable)?;
        if fs::symlink_metadata(&self.folder).is_ok() {
            return Err(output_file::is_there(&self.folder, THERE));
        }
        fs::rename(made.path(), &self.folder).map_err(unwritable)?;
        // It has its own name now; there is nothing under the first one to be removed.
        drop(made.keep());
        Ok(())
    }

    fn fill(&self, parent: &Path, plan: &Plan, schema: &str) -> io::Result<tempfile::TempDir> {
        // What is written is for review, no secret: the umask decides who reads it.
        let folder = tempfile::Builder::new()
            .prefix(".cutover-init-")
            .permissions(Permissions::from_mode(0o777))
            .tempdir_in(parent)?;
        let files = plan.files.iter().map(|(name, text)| (*name, text.as_str()));
        for (name, text) in files.chain([("plan.schema.json", schema)]) {
            let mut file = fs::File::create_new(folder.path().join(name))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        Ok(folder)
    }
}

/// The source relative to the plan's folder where the two have a folder in common, so that both can
/// be moved together.
fn named(folder: &Path, from: &Path) -> Result<String, Failure> {
    let real = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let from = tidy(&real(from));
    let path = relative(&tidy(&real(folder)), &from).unwrap_or(from);
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        usage(
            format!("`{}` is no name that a plan can hold", path.display()),
            "rename the file, or link to it by a name in UTF-8 without control characters",
        )
    })
}

/// Without `.`, and without `..` where it only takes back what stands before it.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// `None` where only the root is common.
fn relative(folder: &Path, file: &Path) -> Option<PathBuf> {
    let folder: Vec<_> = folder.components().collect();
    let file: Vec<_> = file.components().collect();
    let common = folder.iter().zip(&file).take_while(|(a, b)| a == b).count();
    if common < 2 {
        return None;
    }
    let up = folder[common..].iter().map(|_| Component::ParentDir);
    Some(up.chain(file[common..].iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_from_the_folder_of_the_plan() {
        let cases = [
            ("/w/app", "/w/app.db", Some("../app.db")),
            ("/w/plans/app", "/w/data/app.db", Some("../../data/app.db")),
            ("/w/app", "/w/app/data/app.db", Some("data/app.db")),
            ("/w/app", "/srv/app.db", None),
        ];
        for (folder, file, expected) in cases {
            let found = relative(Path::new(folder), Path::new(file));
            assert_eq!(found.as_deref(), expected.map(Path::new));
        }
        assert_eq!(tidy(Path::new("/w/./x/../app.db")), Path::new("/w/app.db"));
    }
}
