//! [`Series`]: a curve of any length in bounded memory. Neighbouring points are merged as it
//! grows; the smallest and the largest of each merged group are kept, so no spike is lost.

/// Groups kept; when they are used up, neighbours are merged in pairs.
const MOST: usize = 1024;

/// Some neighbouring points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where the first of them lies.
    pub x: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// Their sum.
    sum: f64,
    /// How many.
    pub count: u64,
}

impl Bucket {
    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    fn take(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.count += other.count;
    }
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    buckets: Vec<Bucket>,
    /// Points a full bucket holds.
    stride: u64,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            buckets: Vec::new(),
            stride: 1,
        }
    }
}

impl Series {
    /// Adds a point; points come in the order of `x`. What is no number is left out.
    pub fn push(&mut self, x: f64, y: f64) {
        if !x.is_finite() || !y.is_finite() {
            return;
        }
        let point = Bucket {
            x,
            min: y,
            max: y,
            sum: y,
            count: 1,
        };
        match self.buckets.last_mut() {
            Some(last) if last.count < self.stride => last.take(&point),
            _ => {
                if self.buckets.len() >= MOST {
                    self.halve();
                }
                self.buckets.push(point);
            }
        }
    }

    fn halve(&mut self) {
        let merged = self.buckets.chunks(2).filter_map(|pair| {
            let (first, rest) = pair.split_first()?;
            let mut whole = *first;
            rest.iter().for_each(|other| whole.take(other));
            Some(whole)
        });
        self.buckets = merged.collect();
        self.stride *= 2;
    }

    /// All groups, in order.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The points there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|b| b.count).sum()
    }

    /// The last group's mean.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.buckets.last().map(Bucket::mean)
    }

    /// Smallest and largest value.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        let first = self.buckets.first()?;
        Some(self.buckets.iter().fold((first.min, first.max), |r, b| {
            (r.0.min(b.min), r.1.max(b.max))
        }))
    }

    /// The curve in `width` columns between two places: the group of each column's points.
    #[must_use]
    pub fn columns(&self, from: f64, to: f64, width: usize) -> Vec<Option<Bucket>> {
        let mut columns: Vec<Option<Bucket>> = vec![None; width];
        let span = to - from;
        if width == 0 || span.is_nan() || span <= 0.0 {
            return columns;
        }
        for bucket in &self.buckets {
            let place = (bucket.x - from) / span * width as f64;
            if !(0.0..=width as f64).contains(&place) {
                continue;
            }
            let at = (place as usize).min(width - 1);
            match columns.get_mut(at) {
                Some(Some(column)) => column.take(bucket),
                Some(empty) => *empty = Some(*bucket),
                None => {}
            }
        }
        columns
    }

    /// The last `width` points (or groups of them), means, oldest first: a sparkline.
    #[must_use]
    pub fn tail(&self, width: usize) -> Vec<f64> {
        let start = self.buckets.len().saturating_sub(width);
        self.buckets.iter().skip(start).map(Bucket::mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_spikes_in_bounded_memory() {
        let mut series = Series::default();
        for i in 0..1_000_000u64 {
            let y = if i == 700_001 { 99.0 } else { (i % 7) as f64 };
            series.push(i as f64, y);
        }
        series.push(f64::NAN, 1.0);
        series.push(1e6, f64::INFINITY);
        assert!(series.buckets().len() <= MOST);
        assert_eq!(series.count(), 1_000_000);
        assert_eq!(series.range(), Some((0.0, 99.0)));
        let columns = series.columns(0.0, 1_000_000.0, 80);
        assert!(columns.iter().all(Option::is_some));
        assert_eq!(
            columns.iter().flatten().map(|c| c.count).sum::<u64>(),
            1_000_000
        );
        // A group lies where its first point does.
        let spike = [55, 56].iter().any(|i| columns[*i].unwrap().max == 99.0);
        assert!(spike);
        assert!(series.buckets().windows(2).all(|w| w[0].x < w[1].x));
    }

    #[test]
    fn an_empty_or_degenerate_view_is_empty() {
        let mut series = Series::default();
        assert_eq!((series.range(), series.last()), (None, None));
        series.push(1.0, 2.0);
        assert!(series.columns(1.0, 1.0, 10).iter().all(Option::is_none));
        assert!(series.columns(0.0, 2.0, 0).is_empty());
        assert_eq!(series.tail(5), [2.0]);
    }
}
