//! Chance that is the same from the same seed, on every machine.

/// Xorshift.
pub(super) struct Chance(u64);

impl Chance {
    /// Small seeds differ in few bits: they are spread first, or all cases would begin alike.
    pub(super) fn from(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..16 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A few bytes changed, cut off or doubled.
    pub(super) fn damage(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(4) {
            let (at, byte) = (self.below(bytes.len()), self.byte());
            match self.below(8) {
                0 => bytes.truncate(at.max(8)),
                1 => bytes.insert(at, byte),
                _ => {
                    if let Some(slot) = bytes.get_mut(at) {
                        *slot = byte;
                    }
                }
            }
        }
        bytes
    }
}
