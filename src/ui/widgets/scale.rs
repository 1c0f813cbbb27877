//! [`Scale`]: from values to dots of a chart's axis, linear or logarithmic, and the round
//! values written beside it.

/// An axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    dots: usize,
}

impl Scale {
    /// An axis of `dots` dots from `low` to `high`; a range of nothing is widened around its
    /// value. A logarithmic one needs `low` above 0 and is linear otherwise.
    #[must_use]
    pub fn new(low: f64, high: f64, log: bool, dots: usize) -> Self {
        let log = log && low > 0.0;
        let (low, high) = if high - low > 1e-12 * high.abs().max(1e-300) {
            (low, high)
        } else {
            let half = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
            (low - half, low + half)
        };
        Self {
            low,
            high,
            log,
            dots,
        }
    }

    /// Where a value lies, 0 (low) to 1 (high).
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            value / (self.high - self.low) - self.low / (self.high - self.low)
        };
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// The dot of a value, from 0 at the low end.
    #[must_use]
    pub fn dot(&self, value: f64) -> usize {
        (self.share(value) * self.dots.saturating_sub(1) as f64).round() as usize
    }

    /// At most about `most` round values on the axis and their figures, rising.
    #[must_use]
    pub fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        if !rough.is_finite() || rough <= 0.0 {
            return Vec::new();
        }
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|m| m * decade)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(10.0 * decade);
        let decimals = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
        let first = (self.low / step - 1e-9).ceil();
        (0..=most)
            .map(|i| (first + i as f64) * step)
            .take_while(|value| *value <= self.high + step * 1e-9)
            .map(|value| (value, format(value, decimals)))
            .collect()
    }
}

/// A figure of at most five columns.
fn format(value: f64, decimals: usize) -> String {
    let value = if value.abs() < 1e-9 { 0.0 } else { value };
    match value.abs() {
        1e6.. => format!("{value:.0e}"),
        1e4.. => format!("{:.0}k", value / 1e3),
        _ => format!("{value:.decimals$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(scale: &Scale, most: usize) -> Vec<String> {
        scale
            .ticks(most)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            figures(&Scale::new(0.0, 12.0, false, 80), 6),
            ["0", "2", "4", "6", "8", "10", "12"]
        );
        assert_eq!(
            figures(&Scale::new(1.42, 3.0, true, 40), 5),
            ["1.5", "2.0", "2.5", "3.0"]
        );
        assert_eq!(
            figures(&Scale::new(0.0, 61_400.0, false, 40), 3),
            ["0", "50k"]
        );
        assert_eq!(
            figures(&Scale::new(2.0, 2.0, false, 40), 2),
            ["1.9", "2.0", "2.1"]
        );
    }

    #[test]
    fn dots_rise_with_values() {
        for log in [false, true] {
            let scale = Scale::new(1.0, 100.0, log, 41);
            assert_eq!(
                (scale.dot(1.0), scale.dot(100.0), scale.dot(1e9)),
                (0, 40, 40)
            );
            assert!(scale.dot(10.0) < scale.dot(20.0));
        }
        assert_eq!(Scale::new(1.0, 100.0, true, 41).dot(10.0), 20);
        assert_eq!(Scale::new(-1.0, f64::NAN, true, 41).dot(f64::NAN), 0);
    }
}
