//! Components as steps.

use ir::{Action, Place};

use super::edges::Edges;
use super::{Lowering, locks};
use crate::item::Role;
use crate::resolve::Context;

impl Lowering<'_> {
    /// One step per item, in the order of the items.
    pub(super) fn items(&mut self, cx: &Context<'_>) {
        for at in 0..self.resolved.items.len() {
            let item = self.item(at);
            if item.folded {
                continue;
            }
            let place = if item.role == Role::Home { Place::Promote } else { Place::Staging };
            let sql = item.statement.text.text.clone();
            let (id, span) = (item.id.clone(), item.place);
            let stage = self.owners.items[at];
            let draft = self.push(id, stage, Action::Execute { sql, place }, span);
            self.drafts[draft].item = Some(at);
            let relations = self.relations(cx, at);
            self.drafts[draft].locks = locks::of_item(self.item(at), &relations);
            self.need_staging(draft);
        }
    }

    /// Inferred edges; called when the steps of the data are there.
    pub(super) fn item_needs(&mut self, cx: &Context<'_>) {
        for draft in 0..self.drafts.len() {
            let Some(at) = self.drafts[draft].item else { continue };
            let mut edges = Edges { cx, lowering: self, index: &self.index, at, found: Vec::new() };
            edges.infer();
            let found = edges.found;
            for (on, reason, place) in found {
                self.need(draft, &on, reason, place);
            }
        }
    }

    /// Tables and views of the plan that the item's statement reads.
    fn relations(&self, cx: &Context<'_>, at: usize) -> Vec<String> {
        let names = &self.owners.mentions[at].relations;
        let is_relation = |name: &&String| self.index.relations.contains_key(&cx.dialect.key(name));
        names.iter().filter(is_relation).cloned().collect()
    }

    /// The step after which the rows of a table are there, and whether there are rows.
    pub(super) fn rows(&self, table: &str) -> Option<&String> {
        self.ready.get(table)
    }
}
