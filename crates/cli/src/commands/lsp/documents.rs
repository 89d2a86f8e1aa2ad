//! The texts that are open in the editor, before the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use compiler::Files;
use lsp_types::Uri;
use url::Url;

use crate::plan_input::PlanFiles;

#[derive(Default)]
pub(super) struct Documents {
    open: BTreeMap<PathBuf, String>,
}

impl Documents {
    /// `None`: it was closed. Returns the path of the document where it is a file.
    pub(super) fn set(&mut self, uri: &Uri, text: Option<String>) -> Option<PathBuf> {
        let path = path_of(uri)?;
        match text {
            Some(text) => self.open.insert(path.clone(), text),
            None => self.open.remove(&path),
        };
        Some(path)
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.open.contains_key(path)
    }

    pub(super) fn text_of(&self, uri: &Uri) -> Option<String> {
        self.open.get(&path_of(uri)?).cloned()
    }

    /// As it is in the editor, else on the disk.
    pub(super) fn read(&self, path: &Path) -> Option<String> {
        self.open.get(path).cloned().or_else(|| std::fs::read_to_string(path).ok())
    }

    /// The open documents that are plans: YAML with the key `cutover`.
    pub(super) fn plans(&self) -> BTreeSet<PathBuf> {
        let is_plan = |(path, text): &(&PathBuf, &String)| {
            let yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
            yaml && text.lines().any(|line| line.starts_with("cutover:"))
        };
        self.open.iter().filter(is_plan).map(|(path, _)| path.clone()).collect()
    }
}

/// Files beside a plan, as the editor has them.
pub(super) struct Overlay<'a> {
    pub(super) documents: &'a Documents,
    pub(super) folder: &'a Path,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let open = self.documents.open.get(&normal(&self.folder.join(path)));
        open.map_or_else(|| PlanFiles { folder: self.folder }.read(path), |text| Ok(text.clone()))
    }

    fn leads_outside(&self, path: &str) -> bool {
        PlanFiles { folder: self.folder }.leads_outside(path)
    }
}

/// Without `..`, as editors name files.
pub(super) fn normal(path: &Path) -> PathBuf {
    PathBuf::from(crate::plan_input::tidy(path))
}

pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    Uri::from_str(Url::from_file_path(path).ok()?.as_str()).ok()
}
