//! The graph as inline SVG: a box per step, a curve per need. A layer of several rows has a band
//! behind it, and curves end at the band: its steps have no order among each other. Colours come from
//! the page's style, so that they follow dark and light.

use std::fmt::Write as _;

use compiler::{ExplainedStep, Explanation};

use super::layout::{Graph, Layout};
use super::{escaped, kind};

/// Sizes in pixels of CSS.
const WIDTH: usize = 212;
const HEIGHT: usize = 46;
const GAP: usize = 16;
/// Between layers, and between rows of one layer.
const RISE: usize = 40;
const ROW_GAP: usize = 10;
/// A band reaches this far beyond its boxes.
const PAD: usize = 10;
const MARGIN: usize = 14;
/// Boxes in a row: what a page of 1280 pixels holds.
const WIDEST: usize = 5;
/// Characters that fit into a box.
const LETTERS: usize = 24;

pub(super) fn draw(explanation: &Explanation) -> String {
    let number = |id: &str| explanation.steps.iter().position(|step| step.id == id);
    let needs = explanation.steps.iter().map(|step| {
        step.needs.iter().filter_map(|edge| number(&edge.step)).collect::<Vec<usize>>()
    });
    let layout = Graph { needs: needs.collect() }.layout(WIDEST);
    let picture = Picture::of(&layout);
    let mut out = format!(
        "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" \
         aria-label=\"{2} and what each waits for; the list below says the same in words\">\n",
        picture.width,
        picture.height,
        diagnostics::plural(explanation.steps.len(), "step"),
    );
    out.push_str("<g class=\"edges\">\n");
    out.extend(layout.edges.iter().map(|&(from, to)| picture.curve(from, to)));
    out.push_str("</g>\n");
    out.extend(picture.layers.iter().map(|layer| picture.band(layer)));
    for (at, step) in explanation.steps.iter().enumerate() {
        out.push_str(&picture.node(at, step));
    }
    out + "</svg>\n"
}

/// Where everything is, in pixels.
struct Picture<'a> {
    layout: &'a Layout,
    width: usize,
    height: usize,
    /// Upper edge of each row.
    rows: Vec<usize>,
    layers: Vec<Layer>,
}

/// A layer with its band, where it has one.
struct Layer {
    top: usize,
    bottom: usize,
    banded: bool,
}

impl<'a> Picture<'a> {
    fn of(layout: &'a Layout) -> Self {
        let widest = layout.rows.iter().map(|row| row.count).max().unwrap_or(1);
        let mut rows: Vec<usize> = Vec::new();
        let mut layers: Vec<Layer> = Vec::new();
        let mut y = MARGIN;
        for row in &layout.rows {
            if row.layer < layers.len() {
                let layer = &mut layers[row.layer];
                y = layer.bottom + ROW_GAP - if layer.banded { PAD } else { 0 };
                layer.bottom = y + HEIGHT + PAD;
                layer.banded = true;
            } else {
                // What follows a band, or begins one, keeps clear of it.
                let several = layout.rows.iter().filter(|other| other.layer == row.layer).count();
                let clear = if several > 1 { PAD } else { 0 };
                let above = layers.last().map_or(y, |layer| layer.bottom + RISE);
                y = above + clear;
                layers.push(Layer { top: above, bottom: y + HEIGHT, banded: false });
            }
            rows.push(y);
        }
        let width = 2 * (MARGIN + PAD) + widest * WIDTH + widest.saturating_sub(1) * GAP;
        let height = layers.last().map_or(0, |layer| layer.bottom) + MARGIN;
        Self { layout, width, height, rows, layers }
    }

    /// The upper left corner of a box; rows are centred.
    fn corner(&self, node: usize) -> (usize, usize) {
        let (row, at) = self.layout.places[node];
        let count = self.layout.rows[row].count;
        let taken = count * WIDTH + (count - 1) * GAP;
        ((self.width - taken) / 2 + at * (WIDTH + GAP), self.rows[row])
    }

    fn layer(&self, node: usize) -> &Layer {
        &self.layers[self.layout.rows[self.layout.places[node].0].layer]
    }

    fn curve(&self, from: usize, to: usize) -> String {
        let (x, y) = (self.corner(from).0 + WIDTH / 2, self.layer(from).bottom);
        let (u, v) = (self.corner(to).0 + WIDTH / 2, self.layer(to).top);
        // Long ways leave and arrive as steeply as short ones.
        let bend = (v.saturating_sub(y) / 2).clamp(RISE / 2, 2 * RISE);
        format!(
            "<path data-from=\"{from}\" data-to=\"{to}\" d=\"M{x} {y} C{x} {} {u} {} {u} {v}\"/>\n",
            y + bend,
            v.saturating_sub(bend),
        )
    }

    fn band(&self, layer: &Layer) -> String {
        if !layer.banded {
            return String::new();
        }
        format!(
            "<rect class=\"band\" x=\"{MARGIN}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n",
            layer.top,
            self.width - 2 * MARGIN,
            layer.bottom - layer.top,
        )
    }

    fn node(&self, at: usize, step: &ExplainedStep) -> String {
        let (x, y) = self.corner(at);
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
