//! The graph as inline SVG: a box per step, a line per need. A layer of several rows has a band
//! behind it, and lines end at the band: its steps have no order among each other. A line bends between
//! layers and runs straight past them. Colours come from the page's style, so that they follow dark and
//! light. The middle of the picture is x 0.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use compiler::{ExplainedStep, Explanation};

use super::layout::{Graph, Layout, Row};
use super::routes::{Line, Routes, Taken};
use super::{escaped, kind};

/// Sizes in pixels of CSS.
const WIDTH: i64 = 204;
const HEIGHT: i64 = 46;
const GAP: i64 = 20;
/// Between layers, and between rows of one layer.
const RISE: i64 = 40;
const ROW_GAP: i64 = 10;
/// A band reaches this far beyond its boxes.
const PAD: i64 = 10;
const MARGIN: i64 = 10;
/// Boxes in a row: what a page of 1280 pixels holds.
const WIDEST: usize = 5;
/// Characters that fit into a box.
const LETTERS: usize = 23;

pub(super) fn draw(explanation: &Explanation) -> String {
    let number = |id: &str| explanation.steps.iter().position(|step| step.id == id);
    let needs = explanation.steps.iter().map(|step| {
        step.needs.iter().filter_map(|edge| number(&edge.step)).collect::<Vec<usize>>()
    });
    let layout = Graph { needs: needs.collect() }.layout(WIDEST);
    let picture = Picture::of(&layout);
    let mut out = format!(
        "<svg viewBox=\"{left} 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" \
         aria-label=\"{2} and what each waits for; the list below says the same in words\">\n",
        2 * picture.half,
        picture.height,
        diagnostics::plural(explanation.steps.len(), "step"),
        left = -picture.half,
    );
    out.push_str("<g class=\"edges\">\n");
    out.extend(layout.edges.iter().map(|&(from, to)| picture.path(from, to)));
    out.push_str("</g>\n");
    out.extend(picture.layers.iter().filter(|layer| layer.banded).map(band));
    for (at, step) in explanation.steps.iter().enumerate() {
        out.push_str(&picture.node(at, step));
    }
    out + "</svg>\n"
}

/// Where everything is, in pixels.
struct Picture<'a> {
    layout: &'a Layout,
    /// Half of the width.
    half: i64,
    height: i64,
    /// Upper edge of each row.
    rows: Vec<i64>,
    layers: Vec<Layer>,
    routes: Routes,
}

/// A layer with its band, where it has one.
struct Layer {
    top: i64,
    bottom: i64,
    banded: bool,
    taken: Taken,
}

impl<'a> Picture<'a> {
    fn of(layout: &'a Layout) -> Self {
        let (rows, layers) = stacked(layout);
        let taken: Vec<Taken> = layers.iter().map(|layer| layer.taken.clone()).collect();
        let lines = layout.edges.iter().map(|&(from, to)| line(layout, from, to));
        let routes = Routes::of(&lines.collect::<Vec<_>>(), &taken);
        let edge = taken.iter().flatten().map(|it| it.end().abs()).max().unwrap_or(0);
        let half = MARGIN + edge.max(routes.reach());
        let height = layers.last().map_or(0, |layer| layer.bottom) + MARGIN;
        Self { layout, half, height, rows, layers, routes }
    }

    fn path(&self, from: usize, to: usize) -> String {
        let line = line(self.layout, from, to);
        let (mut x, mut y) = (middle(self.layout, from), self.layers[line.from].bottom);
        let mut way = format!("M{x} {y}");
        for (at, u) in self.routes.passing(line) {
            let layer = &self.layers[at];
            way.push_str(&bend((x, y), (u, layer.top)));
            let _ = write!(way, " V{}", layer.bottom);
            (x, y) = (u, layer.bottom);
        }
        way.push_str(&bend((x, y), (line.x, self.layers[line.to].top)));
        format!("<path data-from=\"{from}\" data-to=\"{to}\" d=\"{way}\"/>\n")
    }

    fn node(&self, at: usize, step: &ExplainedStep) -> String {
        let (x, y) = (middle(self.layout, at) - WIDTH / 2, self.rows[self.layout.places[at].0]);
        let (verb, name) = words(step);
        let mut out = format!(
            "<a class=\"node {}\" href=\"#step-{}\" data-step=\"{at}\"><title>{}: {}</title>",
            kind(step),
            step.number,
            escaped(&step.id),
            escaped(&step.what),
        );
        let _ = writeln!(
            out,
            "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             rx=\"7\"/><rect class=\"bar\" x=\"{x}\" y=\"{}\" width=\"3\" height=\"{}\" \
             rx=\"1.5\"/><text class=\"verb\" x=\"{2}\" y=\"{3}\">{4}</text>\
             <text class=\"name\" x=\"{2}\" y=\"{5}\">{6}</text></a>",
            y + 9,
            HEIGHT - 18,
            x + 13,
            y + 18,
            escaped(&format!("{} · {verb}", step.number)),
            y + 35,
            escaped(&shortened(name)),
        );
        out
    }
}

/// The upper edge of each row, and each layer.
fn stacked(layout: &Layout) -> (Vec<i64>, Vec<Layer>) {
    let mut tops = Vec::new();
    let mut layers = Vec::new();
    let mut y = MARGIN;
    for rows in layout.rows.chunk_by(|row, next| row.layer == next.layer) {
        let banded = rows.len() > 1;
        let pad = if banded { PAD } else { 0 };
        let top = y;
        y += pad;
        for _ in rows {
            tops.push(y);
            y += HEIGHT + ROW_GAP;
        }
        let bottom = y - ROW_GAP + pad;
        let taken = if banded { vec![band_width(rows)] } else { boxes(rows[0].count).collect() };
        layers.push(Layer { top, bottom, banded, taken });
        y = bottom + RISE;
    }
    (tops, layers)
}

/// Where the boxes of a row are, from the left; rows are centred.
fn boxes(count: usize) -> impl Iterator<Item = RangeInclusive<i64>> {
    (0..count).map(move |at| {
        let left = box_left(count, at);
        left..=left + WIDTH
    })
}

fn box_left(count: usize, at: usize) -> i64 {
    let (count, at) = (count as i64, at as i64);
    at * (WIDTH + GAP) - (count * WIDTH + (count - 1) * GAP) / 2
}

fn band_width(rows: &[Row]) -> RangeInclusive<i64> {
    let widest = rows.iter().map(|row| row.count).max().unwrap_or(1);
    let left = box_left(widest, 0) - PAD;
    left..=-left
}

fn line(layout: &Layout, from: usize, to: usize) -> Line {
    let layer = |node: usize| layout.rows[layout.places[node].0].layer;
    Line { from: layer(from), to: layer(to), x: middle(layout, to) }
}

/// The middle of a box.
fn middle(layout: &Layout, node: usize) -> i64 {
    let (row, at) = layout.places[node];
    box_left(layout.rows[row].count, at) + WIDTH / 2
}

/// A curve between two points that leaves and arrives straight; a line where it need not bend.
fn bend((x, y): (i64, i64), (u, v): (i64, i64)) -> String {
    if x == u {
        return format!(" V{v}");
    }
    let turn = i64::midpoint(y, v);
    format!(" C{x} {turn} {u} {turn} {u} {v}")
}

fn band(layer: &Layer) -> String {
    let Some(width) = layer.taken.first() else { return String::new() };
    format!(
        "<rect class=\"band\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n",
        width.start(),
        layer.top,
        width.end() - width.start(),
        layer.bottom - layer.top,
    )
}

/// `create-index/orders_idx`: what is done, and with what. A step of a name alone is its stage's.
fn words(step: &ExplainedStep) -> (String, &str) {
    match step.id.split_once('/') {
        Some((verb, name)) => (verb.replace('-', " "), name),
        None => (step.stage.clone(), &step.id),
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}
