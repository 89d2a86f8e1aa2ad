//! What something is, and where it is defined.

use catalog::{Kind, ObjectKey};
use compiler::Schema;
use diagnostics::Span;
use lsp_types::{
    GotoDefinitionResponse, Hover, HoverContents, Location, MarkupContent, MarkupKind,
};

use super::analysis::{Analysis, Outline, location, source_of};
use super::context::At;

/// The SQL that the object under the cursor becomes, and what the baseline says.
pub(super) fn hover(analysis: &Analysis, at: &At) -> Option<Hover> {
    let outline = analysis.outline.as_ref()?;
    let (key, _) = object(analysis, outline, at)?;
    let built = statement(&outline.schemas.built, &key);
    let known_good = outline.schemas.baseline.as_ref();
    let expected = known_good.and_then(|baseline| statement(baseline, &key));
    let mut text = format!("**{}** `{}`", key.kind.word(), key.name);
    match (&built, &expected) {
        (Some(built), Some(expected)) if same_words(built, expected) => {
            text += &format!("\n```sql\n{built}\n```\nas in the baseline");
        }
        (Some(built), Some(expected)) => {
            text += &format!("\n```sql\n{built}\n```\nbaseline:\n```sql\n{expected}\n```");
        }
        (Some(built), None) => text += &format!("\n```sql\n{built}\n```"),
        (None, Some(expected)) => {
            text += &format!("\nonly in the baseline\n```sql\n{expected}\n```");
        }
        (None, None) => {}
    }
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text });
    Some(Hover { contents, range: Some(at.word_range()) })
}

/// In the plan (or its SQL file), then in the baseline.
pub(super) fn definition(analysis: &Analysis, at: &At) -> Option<GotoDefinitionResponse> {
    let outline = analysis.outline.as_ref()?;
    let named = object(analysis, outline, at).map(|(key, _)| key);
    let mut spans: Vec<Span> = named.map_or_else(Vec::new, |key| places(outline, &key));
    let plan = &outline.plan;
    let names = plan.stages.iter().map(|it| &it.name).chain(plan.sources.iter().map(|it| &it.name));
    spans.extend(names.filter(|name| name.value == at.word()).map(|name| name.span));
    let found = spans.into_iter().filter_map(|span| here(analysis, outline, span));
    let found: Vec<Location> = found.collect();
    (!found.is_empty()).then_some(GotoDefinitionResponse::Array(found))
}

fn here(analysis: &Analysis, outline: &Outline, span: Span) -> Option<Location> {
    location(&analysis.path, &outline.sources, span)
}

fn places(outline: &Outline, key: &ObjectKey) -> Vec<Span> {
    let of = |schema: &Schema| schema.span(key);
    [of(&outline.schemas.built), outline.schemas.baseline.as_ref().and_then(of)]
        .into_iter()
        .flatten()
        .collect()
}

/// The object that is defined at the cursor; else one that has the name under it: what it can be
/// on, tables first.
fn object(analysis: &Analysis, outline: &Outline, at: &At) -> Option<(ObjectKey, Span)> {
    let schemas = [Some(&outline.schemas.built), outline.schemas.baseline.as_ref()];
    let all = || schemas.iter().flatten().flat_map(|schema| schema.objects());
    let source = source_of(&analysis.path, &outline.sources, &at.path)?;
    let defined = all().find(|(_, span)| {
        span.source == source && span.range().start <= at.offset && at.offset <= span.range().end
    });
    defined.or_else(|| {
        let named = all().filter(|(key, _)| key.name.eq_ignore_ascii_case(at.word()));
        named.min_by_key(|(key, _)| match key.kind {
            Kind::Table => 0,
            Kind::Column => 2,
            _ => 1,
        })
    })
}

/// Of a column: that of its table.
fn statement(schema: &Schema, key: &ObjectKey) -> Option<String> {
    schema.statement(key).or_else(|| {
        let table = ObjectKey {
            kind: Kind::Table,
            name: key.parent.clone(),
            parent: String::new(),
            ..key.clone()
        };
        schema.statement(&table)
    })
}

/// Layout and case decide nothing here: this is for reading, `check` is for judging.
fn same_words(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    words(a) == words(b)
}
