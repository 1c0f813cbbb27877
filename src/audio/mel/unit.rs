//! [`Scale`]: decibels as the 0 to 1 that the model learns and draws, and as bytes.
//!
//! librosa cuts 80 dB below the loudest value of the file. A model that plays cannot: what it is about to play is
//! not known yet, and a frame must not change its meaning when a louder one follows. So the scale is fixed: the same
//! sound has the same numbers in every file, in training and live. It spans 80 dB as librosa's does.

/// A span of decibels that counts as 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What is 0; so is anything below.
    pub floor: f32,
    /// What is 1; so is anything above.
    pub ceiling: f32,
}

impl Default for Scale {
    /// -50 to 30 dB.
    fn default() -> Self {
        Self {
            floor: -50.0,
            ceiling: 30.0,
        }
    }
}

impl Scale {
    /// A span that rises, if it does.
    #[must_use]
    pub fn new(floor: f32, ceiling: f32) -> Option<Self> {
        let span = ceiling - floor;
        (span > 0.0 && span.is_finite()).then_some(Self { floor, ceiling })
    }

    /// Decibels as 0 to 1.
    #[must_use]
    #[inline]
    pub fn unit(&self, db: f32) -> f32 {
        to_unit(db, self.floor, self.ceiling)
    }

    /// 0 to 1 as decibels: the inverse of [`Scale::unit`] within the span.
    #[must_use]
    #[inline]
    pub fn db(&self, unit: f32) -> f32 {
        from_unit(unit, self.floor, self.ceiling)
    }

    /// 0 to 1 as power; nothing at all at the floor, which stands for everything below it.
    #[must_use]
    pub fn power(&self, unit: f32) -> f32 {
        if unit > 0.0 {
            10f32.powf(self.db(unit) / 10.0)
        } else {
            0.0
        }
    }

    /// Decibels as the nearest of 256 levels. Off by [`Scale::step`] / 2 at most, within the span.
    #[must_use]
    #[inline]
    pub fn level(&self, db: f32) -> u8 {
        (self.unit(db) * 255.0 + 0.5) as u8
    }

    /// A level as 0 to 1.
    #[must_use]
    #[inline]
    pub fn of_level(level: u8) -> f32 {
        f32::from(level) / 255.0
    }

    /// From one level to the next, in decibels: 0.31 for 80 dB.
    #[must_use]
    pub fn step(&self) -> f32 {
        (self.ceiling - self.floor) / 255.0
    }
}

/// Decibels as 0 to 1: `floor` and less is 0, `ceiling` and more is 1.
#[must_use]
#[inline]
pub fn to_unit(db: f32, floor: f32, ceiling: f32) -> f32 {
    ((db - floor) / (ceiling - floor).max(1e-6)).clamp(0.0, 1.0)
}

/// 0 to 1 as decibels, the inverse of [`to_unit`].
#[must_use]
#[inline]
pub fn from_unit(unit: f32, floor: f32, ceiling: f32) -> f32 {
    floor + unit.clamp(0.0, 1.0) * (ceiling - floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_its_inverse() {
        let scale = Scale::default();
        for tenth in -500..=300 {
            let db = tenth as f32 / 10.0;
            assert!((scale.db(scale.unit(db)) - db).abs() < 1e-4, "{db}");
            let heard = scale.db(Scale::of_level(scale.level(db)));
            assert!((heard - db).abs() <= 0.5 * scale.step() + 1e-4, "{db}");
        }
        assert_eq!((scale.unit(-99.0), scale.unit(99.0)), (0.0, 1.0));
        assert_eq!((scale.level(-99.0), scale.level(99.0)), (0, 255));
        assert_eq!(scale.power(0.0), 0.0);
        assert!((scale.power(0.625) - 1.0).abs() < 1e-5);
        for level in 0..=255 {
            assert_eq!(scale.level(scale.db(Scale::of_level(level))), level);
        }
    }

    #[test]
    fn a_scale_rises() {
        assert!(Scale::new(-80.0, 0.0).is_some());
        for (floor, ceiling) in [
            (0.0, 0.0),
            (1.0, 0.0),
            (f32::NAN, 0.0),
            (0.0, f32::INFINITY),
        ] {
            assert!(Scale::new(floor, ceiling).is_none());
        }
        assert_eq!(to_unit(-40.0, -80.0, 0.0), 0.5);
        assert_eq!(from_unit(0.5, -80.0, 0.0), -40.0);
    }
}
