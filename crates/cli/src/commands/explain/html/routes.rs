//! The way of each line of the graph past the layers between its ends: beside boxes and bands, never
//! behind them. Lines that arrive at one place share one trunk above it, so that a step that needs many
//! has one line to follow, not a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Between lines that run side by side.
const LANE: i64 = 6;
/// Between a line and a box.
const CLEAR: i64 = 4;

/// What a layer takes of the width, from the left: its boxes, or its band.
pub(super) type Taken = Vec<RangeInclusive<i64>>;

/// A line from a layer to a place on top of one further down.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Where it arrives.
    pub(super) x: i64,
}

/// Where lines pass a layer, by where they arrive (layer and place) and the layer that they pass.
pub(super) struct Routes(BTreeMap<(usize, i64, usize), i64>);

impl Routes {
    pub(super) fn of(lines: &[Line], layers: &[Taken]) -> Self {
        let mut routes = Self(BTreeMap::new());
        let mut passed: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); layers.len()];
        for ((to, end), from) in trunks(lines) {
            let mut x = end;
            // From its foot upwards, so that it bends where it must and nowhere else.
            for layer in (from + 1..to).rev() {
                x = nearest(x, &layers[layer], &passed[layer]);
                passed[layer].insert(x);
                routes.0.insert((to, end, layer), x);
            }
        }
        routes
    }

    /// The layers that a line passes, from above, and where.
    pub(super) fn passing(&self, line: Line) -> impl Iterator<Item = (usize, i64)> {
        let below = (line.to, line.x, line.from + 1)..;
        let own =
            self.0.range(below).take_while(move |((to, x, _), _)| (*to, *x) == (line.to, line.x));
        own.map(|(&(.., layer), &x)| (layer, x))
    }

    /// The largest distance from the middle.
    pub(super) fn reach(&self) -> i64 {
        self.0.values().map(|x| x.abs()).max().unwrap_or(0)
    }
}

/// For each place where lines arrive, the first layer that one of them comes from.
fn trunks(lines: &[Line]) -> BTreeMap<(usize, i64), usize> {
    let mut trunks = BTreeMap::new();
    for line in lines {
        let from = trunks.entry((line.to, line.x)).or_insert(line.from);
        *from = line.from.min(*from);
    }
    trunks
}

/// The free place that is nearest to the wished one; of two as near, the left. A gap is as near as
/// its middle, which is taken first.
fn nearest(wish: i64, taken: &Taken, passed: &BTreeSet<i64>) -> i64 {
    let free = |x: i64| {
        taken.iter().all(|it| x <= it.start() - CLEAR || x >= it.end() + CLEAR)
            && passed.range(x - LANE + 1..x + LANE).next().is_none()
    };
    let places = std::iter::once((wish, wish)).chain(gaps(taken)).chain(sides(taken, passed.len()));
    let nearest = places.filter(|(_, x)| free(*x)).min_by_key(|(of, _)| (of - wish).abs());
    nearest.map_or(wish, |(_, x)| x)
}

/// Three lines fit between two boxes; each with the middle of its gap.
fn gaps(taken: &Taken) -> impl Iterator<Item = (i64, i64)> {
    taken.windows(2).flat_map(|pair| {
        let middle = i64::midpoint(*pair[0].end(), *pair[1].start());
        [middle, middle - LANE, middle + LANE].map(|x| (middle, x))
    })
}

/// Places left and right of everything: two for each line that is there already, so that one of them
/// is free whatever its neighbours are.
fn sides(taken: &Taken, passed: usize) -> impl Iterator<Item = (i64, i64)> {
    let left = taken.first().map(|it| *it.start());
    let right = taken.last().map(|it| *it.end());
    let steps = 0..=2 * i64::try_from(passed).unwrap_or(0);
    left.zip(right).into_iter().flat_map(move |(left, right)| {
        let beside = |step: i64| CLEAR + 3 + step * LANE;
        let both = move |step: i64| [left - beside(step), right + beside(step)];
        steps.clone().flat_map(both).map(|x| (x, x))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three boxes of 100 with gaps of 20, the middle one about 0.
    fn row() -> Taken {
        vec![-170..=-70, -50..=50, 70..=170]
    }

    fn line(from: usize, to: usize, x: i64) -> Line {
        Line { from, to, x }
    }

    fn passing(line: Line, layers: &[Taken]) -> Vec<(usize, i64)> {
        Routes::of(&[line], layers).passing(line).collect()
    }

    #[test]
    fn a_line_passes_between_boxes_and_straight_on_where_nothing_is() {
        let layers = [vec![-50..=50], row(), vec![-110..=-10, 10..=110], vec![-50..=50]];
        assert_eq!(passing(line(0, 3, 0), &layers), [(1, -60), (2, 0)]);
    }

    #[test]
    fn lines_to_one_place_run_together_and_others_beside_them() {
        let layers = [row(), row(), row(), row()];
        let lines = [line(0, 2, -120), line(0, 2, 0), line(1, 3, 0), line(0, 3, 0)];
        let routes = Routes::of(&lines, &layers);
        let all = [((2, -120, 1), -177), ((2, 0, 1), -60), ((3, 0, 1), -66), ((3, 0, 2), -60)];
        assert_eq!(routes.0, BTreeMap::from(all));
        assert_eq!(routes.passing(lines[2]).collect::<Vec<_>>(), [(2, -60)]);
    }

    #[test]
    fn a_line_goes_round_a_band_and_each_further_one_beside_it() {
        let layers = [row(), vec![-300..=300], row()];
        let lines: Vec<Line> = (0..40).map(|x| line(0, 2, x - 20)).collect();
        let routes = Routes::of(&lines, &layers);
        let xs: BTreeSet<i64> = routes.0.values().copied().collect();
        assert_eq!(xs.len(), 40, "each has its own way");
        assert!(xs.iter().all(|x| x.abs() >= 300 + CLEAR), "{xs:?}");
        assert_eq!(routes.reach(), *xs.last().unwrap());
    }

    #[test]
    fn what_leads_to_the_next_layer_passes_none() {
        assert!(passing(line(0, 1, 0), &[row(), row()]).is_empty());
    }
}
