//! Source files, byte spans in them, and text that was taken out of a file with its way back.

use std::ops::Range;

/// Index of a file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A byte range `start..end` of one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        Self { source, start: to_u32(range.start), end: to_u32(range.end) }
    }

    /// The smallest span that covers both; `self` where they are in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span {
            source: self.source,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value with the place where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned { value: &self.value, span: self.span }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

/// One file as it was read: `name` is the path to show, relative where the user gave it so.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub name: String,
    pub text: String,
    line_starts: Vec<u32>,
}

/// A place for people: line and column count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| to_u32(at + 1)))
            .collect();
        Self { name: name.into(), text, line_starts }
    }

    /// Position of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: u32) -> Position {
        let offset = (offset as usize).min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start as usize <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let column = self.text.get(start..offset).map_or(offset - start, |s| s.chars().count());
        Position { line: to_u32(line), column: to_u32(column + 1) }
    }
}

/// All files of one compile, addressed by [`SourceId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.files.push(SourceFile::new(name, text));
        SourceId(to_u32(self.files.len() - 1))
    }

    /// # Panics
    /// When `id` is not of this collection, which is a bug of the caller.
    pub fn file(&self, id: SourceId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn position(&self, span: Span) -> Position {
        self.file(span.source).position(span.start)
    }

    pub fn snippet(&self, span: Span) -> &str {
        self.file(span.source).text.get(span.range()).unwrap_or("")
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (SourceId(to_u32(at)), file))
    }
}

/// Text that stands in a source file, perhaps in another form there (a folded or quoted YAML
/// scalar, SQL with a schema qualifier taken out), with the way back from each byte to its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    pub text: String,
    /// The whole place in the file, for findings about the text as such.
    pub span: Span,
    /// (offset in `text`, offset in the file), ascending by the first; between two entries both sides
    /// advance together. Never empty: starts with `(0, …)`.
    map: Vec<(u32, u32)>,
}

impl SourceText {
    /// Text that stands in the file exactly as it is.
    pub fn verbatim(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span, map: vec![(0, span.start)] }
    }

    /// Text with an explicit map; see the field for its form.
    pub fn mapped(text: impl Into<String>, span: Span, map: Vec<(u32, u32)>) -> Self {
        let map =
            if map.first().is_some_and(|&(at, _)| at == 0) { map } else { vec![(0, span.start)] };
        Self { text: text.into(), span, map }
    }

    fn file_offset(&self, offset: usize) -> u32 {
        let at = self.map.partition_point(|&(text, _)| text as usize <= offset).max(1) - 1;
        let (text, file) = self.map[at];
        let place = file + to_u32(offset) - text;
        place.min(self.span.end)
    }

    /// The place in the file of `range` of the text.
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let start = self.file_offset(range.start);
        // The last byte's own place plus one: the next byte may be mapped far away.
        let end = if range.end > range.start { self.file_offset(range.end - 1) + 1 } else { start };
        Span { source: self.span.source, start, end: end.max(start) }
    }

    /// A part of the text, with its own way back.
    ///
    /// # Panics
    /// When `range` is not on character boundaries of the text.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> SourceText {
        let inner = self
            .map
            .iter()
            .filter(|(t, _)| (*t as usize) > range.start && (*t as usize) < range.end);
        let map: Vec<(u32, u32)> = std::iter::once((0, self.file_offset(range.start)))
            .chain(inner.map(|&(t, f)| (t - to_u32(range.start), f)))
            .collect();
        // Generated text goes back and forth in its file: the span covers all places it speaks of.
        let mut span = self.span_of(range.clone());
        for &(_, place) in &map {
            span.start = span.start.min(place);
            span.end = span.end.max((place + 1).min(self.span.end));
        }
        SourceText { text: self.text[range].to_owned(), span, map }
    }

    /// The text without the given ranges (ascending, not overlapping).
    #[must_use]
    pub fn without(&self, ranges: &[Range<usize>]) -> SourceText {
        let mut out = SourceText { text: String::new(), span: self.span, map: Vec::new() };
        let mut from = 0;
        for range in ranges.iter().cloned().chain(std::iter::once(self.text.len()..self.text.len()))
        {
            out.append(&self.slice(from..range.start));
            from = range.end;
        }
        if out.map.is_empty() {
            out.map.push((0, self.span.start));
        }
        out
    }

    /// The text with a space before each of the given bytes (ascending).
    #[must_use]
    pub fn parted(&self, at: &[usize]) -> SourceText {
        let mut out = SourceText { text: String::new(), span: self.span, map: Vec::new() };
        let mut from = 0;
        for &at in at {
            out.append(&self.slice(from..at));
            out.text.push(' ');
            from = at;
        }
        out.append(&self.slice(from..self.text.len()));
        out
    }

    fn append(&mut self, part: &SourceText) {
        let base = to_u32(self.text.len());
        if part.text.is_empty() {
            return;
        }
        self.map.extend(part.map.iter().map(|&(t, f)| (t + base, f)));
        self.text.push_str(&part.text);
    }
}

fn to_u32(n: usize) -> u32 {
    // Files over 4 GiB are refused before they are read; saturating keeps this total.
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile::new("a", "é1\nxy");
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        assert_eq!(file.position(4), Position { line: 2, column: 1 });
        assert_eq!(file.position(99), Position { line: 2, column: 3 });
    }

    #[test]
    fn a_slice_of_generated_text_covers_all_its_places() {
        let span = Span { source: SourceId(0), start: 10, end: 40 };
        let text = SourceText::mapped("(ab)", span, vec![(0, 10), (1, 30), (3, 10)]);
        let slice = text.slice(0..4);
        assert_eq!(slice.span.range(), 10..31);
        assert_eq!(slice.span_of(2..3).range(), 31..32);
    }

    #[test]
    fn removed_ranges_keep_the_way_back() {
        let span = Span { source: SourceId(0), start: 10, end: 32 };
        let text = SourceText::verbatim("from public.a,public.b", span);
        let short = text.without(&[5..12, 14..21]);
        assert_eq!(short.text, "from a,b");
        assert_eq!(short.span_of(5..6).range(), 22..23);
        assert_eq!(short.span_of(7..8).range(), 31..32);
        assert_eq!(short.slice(7..8).span.range(), 31..32);
    }
}
