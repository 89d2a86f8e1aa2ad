//! The scratch target of a rehearsal: made before it, removed after it, also after one that was
//! killed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use diagnostics::code;
use engine_postgres::rehearsal::RehearsalDatabase;
use engine_postgres::server::Local;
use engine_postgres::target::PostgresEngine;
use ir::{CompiledPlan, Existing, Server, Target};
use runtime::EngineError;
use runtime::engine::TargetEngine;

use crate::args::Scratch;
use crate::failure::Failure;
use crate::{scratch, targets};

/// Records of rehearsals stay; all else in the folder is of the moment.
const RECORDS: [&str; 2] = ["runs", ".gitignore"];
const FILE: &str = "target.sqlite";

pub(super) struct Scene {
    pub(super) base: PathBuf,
    /// The state folder of the rehearsal.
    pub(super) folder: PathBuf,
    place: Place,
}

enum Place {
    Server(Local),
    Database(Box<RehearsalDatabase>),
    File(PathBuf),
}

/// What a rehearsal read.
pub(super) struct SourceFiles {
    pub(super) source: String,
    pub(super) read: usize,
    pub(super) all: usize,
    pub(super) bytes: u64,
    /// Of all files.
    pub(super) all_bytes: u64,
}

/// Leaves the first `most` files of each source in the plan.
pub(super) fn choose_files(
    plan: &mut CompiledPlan,
    base: &Path,
    most: Option<u32>,
) -> Vec<SourceFiles> {
    let mut chosen = Vec::new();
    let sources = plan.sources.clone();
    for (nth, source) in sources.into_iter().enumerate() {
        let name = source.name.clone();
        let alone = CompiledPlan { sources: vec![source], ..plan.clone() };
        let files = runtime::source_files(&alone, base);
        let read = most.map_or(files.len(), |most| files.len().min(most as usize));
        let size = |files: &[PathBuf]| {
            files.iter().filter_map(|file| fs::metadata(file).ok()).map(|it| it.len()).sum()
        };
        let (bytes, all_bytes) = (size(&files[..read]), size(&files));
        if read < files.len() {
            let kept = files[..read].iter().map(|file| file.to_string_lossy().into_owned());
            plan.sources[nth].paths = kept.collect();
        }
        chosen.push(SourceFiles { source: name, read, all: files.len(), bytes, all_bytes });
    }
    chosen
}

impl Scene {
    /// Makes the scratch target, and points the plan to it. The engine goes with the run.
    ///
    /// # Errors
    /// Where there are neither local programs nor a URL, or the server refuses.
    pub(super) fn set(
        plan: &mut CompiledPlan,
        base: &Path,
        folder: &Path,
        options: &Scratch,
    ) -> Result<(Self, Box<dyn TargetEngine>), Failure> {
        clear(folder)?;
        let (place, target) = match &mut plan.target {
            Target::Sqlite(target) => {
                let file = folder.join(FILE);
                target.path = file.to_string_lossy().into_owned();
                target.existing = Existing::Refuse;
                (Place::File(file), targets::open_engine(plan, base, folder)?)
            }
            Target::Postgres(target) => match scratch::url(options)? {
                Some(url) => {
                    let roles = target.roles.clone();
                    let database = RehearsalDatabase::create(&url, &roles)?;
                    let engine = PostgresEngine::at(plan, database.address())?;
                    (Place::Database(Box::new(database)), Box::new(engine) as Box<dyn TargetEngine>)
                }
                None => {
                    target.server = Server::Local;
                    let local = Local::new(folder).map_err(|why| no_scratch(&why))?;
                    (Place::Server(local), targets::open_engine(plan, base, folder)?)
                }
            },
        };
        let (base, folder) = (base.to_path_buf(), folder.to_path_buf());
        Ok((Self { base, folder, place }, target))
    }

    /// Where it is, where it is kept.
    fn close(self, keep: bool) -> Result<Option<String>, String> {
        if keep {
            return Ok(Some(self.place.keep()));
        }
        drop(self.place);
        clear(&self.folder).map_err(|failure| match failure {
            Failure::Findings(found) => found.diagnostics[0].message.clone(),
            Failure::BrokenPipe => String::new(),
        })?;
        Ok(None)
    }
}

impl Place {
    /// What to type to look at it.
    fn keep(self) -> String {
        match self {
            Place::Server(local) => local.status().psql,
            Place::Database(database) => {
                let name = database.keep().unwrap_or_default();
                format!("database {name} on the scratch server")
            }
            Place::File(file) => format!("sqlite3 {}", file.display()),
        }
    }
}

/// Removes what a rehearsal made, or one that was killed left.
fn clear(folder: &Path) -> Result<(), Failure> {
    let failed = |what: &Path, why: &str| {
        let message = format!("`{}` cannot be removed: {why}", what.display());
        Failure::from(EngineError::new(&code::REHEARSAL_LEFT, message))
    };
    Local::new(folder).and_then(|local| local.remove()).map_err(|why| failed(folder, &why))?;
    for entry in fs::read_dir(folder)?.flatten() {
        if RECORDS.iter().any(|kept| entry.file_name() == *kept) {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&path, &error.to_string()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn no_scratch(why: &str) -> Failure {
    Failure::from(EngineError::new(&code::NO_SCRATCH, why.to_owned()))
}

/// A thread that the process's own confinement does not reach.
pub(super) struct Closer {
    scenes: SyncSender<(Scene, bool)>,
    answers: Receiver<Result<Option<String>, String>>,
    thread: JoinHandle<()>,
}

impl Closer {
    pub(super) fn start() -> Self {
        let (scenes, inbox) = sync_channel::<(Scene, bool)>(1);
        let (outbox, answers) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            if let Ok((scene, keep)) = inbox.recv()
                && outbox.send(scene.close(keep)).is_err()
            {
                // Nobody waits for the answer any more.
            }
        });
        Self { scenes, answers, thread }
    }

    /// Removes the scratch target, or leaves it and says where it is.
    pub(super) fn close(self, scene: Scene, keep: bool) -> Result<Option<String>, String> {
        let gone = |_| "its thread ended".to_owned();
        self.scenes.send((scene, keep)).map_err(|_| gone(()))?;
        let answer = self.answers.recv().map_err(|_| gone(()))?;
        self.thread.join().map_err(|_| gone(()))?;
        answer
    }
}
