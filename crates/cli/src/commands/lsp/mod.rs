//! `cutover lsp`: the language server for plans, over stdin and stdout.
//!
//! Every answer comes from the compiler, on the texts as they stand in the editor: files that are
//! not open are read from the disk. PostgreSQL's part is compared by syntax, because an editor
//! cannot wait for a server.

mod actions;
mod analysis;
mod completion;
mod context;
mod documents;
mod navigation;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use diagnostics::{Diagnostic, code};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument,
    Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, GotoDefinition, HoverRequest, Request as _,
};
use lsp_types::{
    CodeActionProviderCapability, CompletionOptions, HoverProviderCapability, OneOf,
    PublishDiagnosticsParams, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Outcome;
use crate::args::Scratch;
use crate::exit_code;
use crate::failure::Failure;
use crate::scratch::Engines;
use analysis::Analysis;
use documents::{Documents, uri_of};

/// Typing is over when nothing came for this long.
const PAUSE: Duration = Duration::from_millis(120);

pub(crate) fn run() -> Outcome {
    let (connection, threads) = Connection::stdio();
    let capabilities = serde_json::to_value(capabilities()).map_err(|error| broken(&error))?;
    connection.initialize(capabilities).map_err(|error| no_editor(&error))?;
    let scratch = Scratch { offline: true, ..Scratch::default() };
    Server::new(&connection, &scratch).serve()?;
    drop(connection);
    threads.join().map_err(|error| broken(&error))?;
    Ok(exit_code::DONE)
}

fn capabilities() -> ServerCapabilities {
    let triggers = [" ", "[", ",", ":"];
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
        ..ServerCapabilities::default()
    }
}

/// What is read on stdin ends with the first thing that is no message.
fn no_editor(error: &lsp_server::ProtocolError) -> Failure {
    if error.channel_is_disconnected() {
        return broken(&"stdin ended, or went on with something else, before the first of them");
    }
    broken(error)
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    let message = format!("the editor's messages cannot be understood: {error}");
    let diagnostic = Diagnostic::new(&code::EDITOR_PROTOCOL, message)
        .help("`cutover lsp` is started by an editor, which speaks the language server protocol");
    Failure::new(diagnostic, exit_code::FINDINGS)
}

struct Server<'a> {
    connection: &'a Connection,
    engines: Engines<'a>,
    documents: Documents,
    /// Plans to look at when typing is over.
    stale: BTreeSet<PathBuf>,
    /// The latest of each open plan.
    analyses: std::collections::BTreeMap<PathBuf, Analysis>,
}

impl<'a> Server<'a> {
    fn new(connection: &'a Connection, scratch: &'a Scratch) -> Self {
        Self {
            connection,
            engines: Engines::new(scratch),
            documents: Documents::default(),
            stale: BTreeSet::new(),
            analyses: std::collections::BTreeMap::new(),
        }
    }

    fn serve(mut self) -> Result<(), Failure> {
        loop {
            match self.connection.receiver.recv_timeout(PAUSE) {
                Ok(Message::Request(request)) => {
                    if self.connection.handle_shutdown(&request).map_err(|it| broken(&it))? {
                        return Ok(());
                    }
                    self.look_at_stale()?;
                    let response = self.answer(request);
                    self.send(Message::Response(response));
                }
                Ok(Message::Notification(notification)) => self.note(notification),
                Ok(Message::Response(_)) => {}
                Err(RecvTimeoutError::Timeout) => self.look_at_stale()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// An editor that went away is noticed by the next receive.
    fn send(&self, message: Message) {
        if self.connection.sender.send(message).is_err() {
            // Deliberate: see above.
        }
    }

    fn note(&mut self, notification: Notification) {
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Some(params) = params::<DidOpenTextDocument>(notification) {
                    let document = params.text_document;
                    self.changed(&document.uri, Some(document.text));
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Some(params) = params::<DidChangeTextDocument>(notification) {
                    // Whole texts were asked for: the last one is the document.
                    let text = params.content_changes.into_iter().next_back();
                    if let Some(change) = text {
                        self.changed(&params.text_document.uri, Some(change.text));
                    }
                }
            }
            DidSaveTextDocument::METHOD => {
                if let Some(params) = params::<DidSaveTextDocument>(notification) {
                    let text = self.documents.text_of(&params.text_document.uri);
                    self.changed(&params.text_document.uri, text);
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Some(params) = params::<DidCloseTextDocument>(notification) {
                    self.changed(&params.text_document.uri, None);
                }
            }
            _ => {}
        }
    }

    /// A SQL file may belong to any open plan, so all of them are looked at again.
    fn changed(&mut self, uri: &lsp_types::Uri, text: Option<String>) {
        let closed = text.is_none();
        let Some(path) = self.documents.set(uri, text) else { return };
        if closed && let Some(analysis) = self.analyses.remove(&path) {
            self.publish(&analysis, &BTreeSet::new());
        }
        self.stale = self.documents.plans();
    }

    fn look_at_stale(&mut self) -> Result<(), Failure> {
        for path in std::mem::take(&mut self.stale) {
            let analysis = Analysis::of(&path, &self.documents, &mut self.engines)?;
            let before = self.analyses.remove(&path).map(|before| before.files());
            self.publish(&analysis, &before.unwrap_or_default());
            self.analyses.insert(path, analysis);
        }
        Ok(())
    }

    /// Findings file by file; a file that has none any more is told so.
    fn publish(&self, analysis: &Analysis, before: &BTreeSet<PathBuf>) {
        let open = self.analyses.contains_key(&analysis.path) || self.documents.has(&analysis.path);
        for file in before.union(&analysis.files()) {
            let Some(uri) = uri_of(file) else { continue };
            let diagnostics = if open { analysis.findings_in(file) } else { Vec::new() };
            let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
            let method = PublishDiagnostics::METHOD.to_owned();
            self.send(Message::Notification(Notification::new(method, params)));
        }
    }

    fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            HoverRequest::METHOD => self.respond::<HoverRequest>(request, |params| {
                let place = params.text_document_position_params;
                let (analysis, at) = self.place(&place.text_document.uri, place.position)?;
                navigation::hover(analysis, &at)
            }),
            GotoDefinition::METHOD => self.respond::<GotoDefinition>(request, |params| {
                let place = params.text_document_position_params;
                let (analysis, at) = self.place(&place.text_document.uri, place.position)?;
                navigation::definition(analysis, &at)
            }),
            Completion::METHOD => self.respond::<Completion>(request, |params| {
                let place = params.text_document_position;
                let (analysis, at) = self.place(&place.text_document.uri, place.position)?;
                completion::complete(analysis, &at)
            }),
            CodeActionRequest::METHOD => self.respond::<CodeActionRequest>(request, |params| {
                let path = documents::path_of(&params.text_document.uri)?;
                let analysis = self.of_file(&path)?;
                Some(actions::actions(analysis, &path, params.range))
            }),
            _ => {
                let message = format!("`{}` is not offered", request.method);
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    fn respond<R>(&self, request: Request, answer: impl FnOnce(R::Params) -> R::Result) -> Response
    where
        R: lsp_types::request::Request,
        R::Params: DeserializeOwned,
        R::Result: Serialize,
    {
        let id = request.id.clone();
        match serde_json::from_value::<R::Params>(request.params) {
            Ok(params) => Response::new_ok(id, answer(params)),
            Err(error) => Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string()),
        }
    }

    /// The plan that a file is or belongs to, and the place in the file's text.
    fn place(
        &self,
        uri: &lsp_types::Uri,
        position: lsp_types::Position,
    ) -> Option<(&Analysis, context::At)> {
        let path = documents::path_of(uri)?;
        let analysis = self.of_file(&path)?;
        let text = self.documents.read(&path)?;
        Some((analysis, context::At::new(path, text, position)))
    }

    fn of_file(&self, path: &Path) -> Option<&Analysis> {
        let of_plan = self.analyses.get(path);
        of_plan.or_else(|| self.analyses.values().find(|it| it.files().contains(path)))
    }
}

fn params<N>(notification: Notification) -> Option<N::Params>
where
    N: lsp_types::notification::Notification,
    N::Params: DeserializeOwned,
{
    // A notification has no answer: what cannot be read is passed over, as the protocol has it.
    serde_json::from_value(notification.params).ok()
}
