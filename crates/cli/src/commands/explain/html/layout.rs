//! Where each step of the graph is drawn: layered by longest path, so that a step stands below all
//! that it waits for; within a layer by the mean place of its neighbours (Sugiyama's method); a layer
//! that is too wide for a page breaks into rows.

use std::collections::BTreeSet;

/// A directed graph without circles: for each node, the nodes that it needs. All are smaller numbers,
/// as steps of a compiled plan are in an order that respects every need.
pub(super) struct Graph {
    pub(super) needs: Vec<Vec<usize>>,
}

pub(super) struct Layout {
    /// Row and place in the row, per node.
    pub(super) places: Vec<(usize, usize)>,
    /// From above.
    pub(super) rows: Vec<Row>,
    /// What is drawn: needs that no other path says already, as (from, to).
    pub(super) edges: Vec<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) layer: usize,
    /// How many nodes it has.
    pub(super) count: usize,
}

/// Passes over the layers, down and up in turn; more change next to nothing.
const SWEEPS: usize = 8;

impl Graph {
    /// `widest`: the most nodes of a row.
    pub(super) fn layout(&self, widest: usize) -> Layout {
        let edges = self.reduced();
        let mut layers = self.layers();
        for sweep in 0..SWEEPS {
            order(&mut layers, &edges, sweep % 2 == 0);
        }
        let mut places = vec![(0, 0); self.needs.len()];
        let mut rows = Vec::new();
        // Where neighbours are no guide any more, numbers are.
        for layer in layers.iter_mut().filter(|layer| layer.len() > widest) {
            layer.sort_unstable();
        }
        for (number, layer) in layers.iter().enumerate() {
            // Rows of one layer are of nearly the same length.
            let count = layer.len().div_ceil(widest).max(1);
            for row in layer.chunks(layer.len().div_ceil(count).max(1)) {
                for (at, &node) in row.iter().enumerate() {
                    places[node] = (rows.len(), at);
                }
                rows.push(Row { layer: number, count: row.len() });
            }
        }
        Layout { places, rows, edges }
    }

    /// The layer of a node is the length of the longest path that leads to it; what needs nothing
    /// stands right above the first that needs it.
    fn layers(&self) -> Vec<Vec<usize>> {
        let mut depth: Vec<usize> = Vec::with_capacity(self.needs.len());
        for needs in &self.needs {
            let below = needs.iter().map(|&need| depth[need] + 1).max();
            depth.push(below.unwrap_or(0));
        }
        for node in 0..self.needs.len() {
            let users = (0..self.needs.len()).filter(|&user| self.needs[user].contains(&node));
            let first = users.map(|user| depth[user]).min();
            if let (true, Some(first)) = (self.needs[node].is_empty(), first) {
                depth[node] = first - 1;
            }
        }
        let mut layers = vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)];
        for (node, &layer) in depth.iter().enumerate() {
            layers[layer].push(node);
        }
        layers
    }

    /// Edges without those that follow from others.
    fn reduced(&self) -> Vec<(usize, usize)> {
        let mut reached: Vec<BTreeSet<usize>> = Vec::with_capacity(self.needs.len());
        let mut edges = Vec::new();
        for (node, needs) in self.needs.iter().enumerate() {
            let mut above: BTreeSet<usize> = BTreeSet::new();
            for &need in needs {
                above.extend(&reached[need]);
            }
            let direct = needs.iter().filter(|need| !above.contains(need));
            edges.extend(direct.map(|&need| (need, node)));
            above.extend(needs);
            reached.push(above);
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}

/// Puts each layer in the order of the mean place of its neighbours above (or below).
fn order(layers: &mut [Vec<usize>], edges: &[(usize, usize)], downwards: bool) {
    let nodes = layers.iter().map(Vec::len).sum();
    let mut place = vec![0.0; nodes];
    for layer in layers.iter() {
        note(&mut place, layer);
    }
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for &(from, to) in edges {
        let (node, other) = if downwards { (to, from) } else { (from, to) };
        neighbours[node].push(other);
    }
    let count = layers.len();
    for at in 0..count {
        let layer = &mut layers[if downwards { at } else { count - 1 - at }];
        let mean = |node: usize| -> f64 {
            let near = &neighbours[node];
            if near.is_empty() {
                return place[node];
            }
            near.iter().map(|&other| place[other]).sum::<f64>() / near.len() as f64
        };
        let mut keyed: Vec<(f64, usize)> = layer.iter().map(|&node| (mean(node), node)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        *layer = keyed.into_iter().map(|(_, node)| node).collect();
        note(&mut place, layer);
    }
}

/// Places from 0 to 1, so that layers of different lengths compare.
fn note(place: &mut [f64], layer: &[usize]) {
    for (at, &node) in layer.iter().enumerate() {
        place[node] = (at as f64 + 0.5) / layer.len() as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(needs: &[&[usize]], widest: usize) -> Layout {
        Graph { needs: needs.iter().map(|needs| needs.to_vec()).collect() }.layout(widest)
    }

    fn counts(layout: &Layout) -> Vec<usize> {
        layout.rows.iter().map(|row| row.count).collect()
    }

    #[test]
    fn a_step_is_below_all_that_it_needs() {
        let layout = layout(&[&[], &[0], &[0], &[1, 2], &[0, 3]], 6);
        let rows: Vec<usize> = layout.places.iter().map(|place| place.0).collect();
        assert_eq!(rows, [0, 1, 1, 2, 3]);
        assert_eq!(counts(&layout), [1, 2, 1, 1]);
        assert_eq!(layout.edges, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)], "0 to 4 follows");
    }

    #[test]
    fn neighbours_stand_near_each_other() {
        // 1 and 2 at the top, their followers written the other way round.
        let layout = layout(&[&[], &[0], &[0], &[2], &[1]], 6);
        assert!(layout.places[1].1 < layout.places[2].1);
        assert!(layout.places[4].1 < layout.places[3].1, "lines do not cross");
    }

    #[test]
    fn wide_layers_break_into_even_rows() {
        let layout = layout(&[&[], &[], &[], &[], &[], &[0, 1, 2, 3, 4]], 3);
        assert_eq!(counts(&layout), [3, 2, 1]);
        let layers: Vec<usize> = layout.rows.iter().map(|row| row.layer).collect();
        assert_eq!(layers, [0, 0, 1]);
    }

    #[test]
    fn what_needs_nothing_stands_right_above_its_first_use() {
        let layout = layout(&[&[], &[0], &[], &[1, 2]], 3);
        assert_eq!(layout.places[2].0, 1);
    }

    #[test]
    fn nothing_has_no_rows() {
        assert!(layout(&[], 3).rows.is_empty());
    }
}
