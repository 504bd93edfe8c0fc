//! Chance that is the same in every run: a number drawn from the seed and a label, not from a sequence, so that
//! one more question asked elsewhere changes nothing.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits for the label and the number.
    pub(super) fn bits(self, label: &str, n: u64) -> u64 {
        let hash = label
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64 ^ self.0, |h, b| {
                (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut z = hash
            .wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    pub(super) fn unit(self, label: &str, n: u64) -> f64 {
        (self.bits(label, n) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number between two others.
    pub(super) fn between(self, label: &str, n: u64, low: f64, high: f64) -> f64 {
        self.unit(label, n).mul_add(high - low, low)
    }

    /// The duration, a fifth more or less, in whole seconds (at least one).
    pub(super) fn about(self, label: &str, seconds: u64) -> Duration {
        let exact = seconds as f64 * self.between(label, 0, 0.8, 1.2);
        Duration::from_secs_f64(exact.round().max(1.0))
    }

    /// Lower-case letters and digits, as in generated names.
    pub(super) fn token(self, label: &str, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        (0_u64..)
            .take(length)
            .filter_map(|n| {
                let index = usize::try_from(self.bits(label, n) % 32).ok()?;
                ALPHABET.get(index).map(|b| char::from(*b))
            })
            .collect()
    }

    /// In the form of a UUID.
    pub(super) fn uuid(self, label: &str) -> String {
        let (a, b) = (self.bits(label, 0), self.bits(label, 1));
        format!(
            "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_label_draws_the_same_and_another_seed_does_not() {
        let (one, two) = (Chance::new(1), Chance::new(2));
        assert_eq!(one.bits("a", 3), Chance::new(1).bits("a", 3));
        assert_ne!(one.bits("a", 3), two.bits("a", 3));
        assert_ne!(one.token("a", 8), one.token("b", 8));
        assert_eq!(one.uuid("x").len(), 36);
        let mean = (0..1000).map(|n| one.unit("m", n)).sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
