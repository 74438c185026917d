//! Comparison of bytes, eight at a time.
//!
//! What the compiler brings along for WebAssembly compares single bytes, and addresses in a plan share long beginnings:
//! a quarter of a run was spent on it. The linker prefers what stands here.

#![allow(
    unsafe_code,
    reason = "the linker knows these functions by their C names and C gives pointers"
)]

use core::ffi::c_int;

const WORD: usize = size_of::<u64>();
const HALF: usize = size_of::<u32>();

/// The eight bytes from `at` on, the first of them the most significant.
///
/// # Safety
///
/// `at..at + 8` must be readable.
#[inline]
unsafe fn word(at: *const u8) -> u64 {
    // SAFETY: the caller says that the bytes are there; alignment does not matter.
    u64::from_be(unsafe { at.cast::<u64>().read_unaligned() })
}

/// The same of four bytes.
///
/// # Safety
///
/// `at..at + 4` must be readable.
#[inline]
unsafe fn half(at: *const u8) -> u64 {
    // SAFETY: the caller says that the bytes are there; alignment does not matter.
    u64::from(u32::from_be(unsafe { at.cast::<u32>().read_unaligned() }))
}

/// A whole text of fewer than eight bytes, in the order of its bytes; meant for texts of one length.
///
/// # Safety
///
/// `at..at + length` must be readable, and `length` be less than eight.
#[inline]
unsafe fn short(at: *const u8, length: usize) -> u64 {
    if length >= HALF {
        // SAFETY: there are at least four bytes; the second half may hold some of the first again.
        return unsafe { half(at) << 32 | half(at.wrapping_add(length.wrapping_sub(HALF))) };
    }
    if length == 0 {
        return 0;
    }
    // SAFETY: all three places are within the text.
    let [first, middle, last] = [0, length / 2, length.wrapping_sub(1)].map(|place| {
        let byte = at.wrapping_add(place);
        u64::from(unsafe { byte.read() })
    });
    first << 16 | middle << 8 | last
}

#[inline]
fn order(one: u64, other: u64) -> c_int {
    c_int::from(one > other).wrapping_sub(c_int::from(one < other))
}

/// Compares as C does: negative, zero or positive.
///
/// What is left beyond the last whole word is compared as the last eight bytes: those that were compared before are
/// equal and change nothing.
///
/// # Safety
///
/// Both ranges of `length` bytes must be readable.
#[inline]
unsafe fn compare(left: *const u8, right: *const u8, length: usize) -> c_int {
    if length < WORD {
        // SAFETY: both texts have this length.
        return unsafe { order(short(left, length), short(right, length)) };
    }
    let last = length.wrapping_sub(WORD);
    let mut at = 0_usize;
    while at < last {
        // SAFETY: more than eight bytes are left in both ranges.
        let (one, other) = unsafe { (word(left.wrapping_add(at)), word(right.wrapping_add(at))) };
        if one != other {
            return order(one, other);
        }
        at = at.wrapping_add(WORD);
    }
    // SAFETY: the ranges end eight bytes after `last`.
    unsafe { order(word(left.wrapping_add(last)), word(right.wrapping_add(last))) }
}

/// Whether two ranges differ. Most that are asked about do, and share their beginning: the end is looked at first.
///
/// # Safety
///
/// Both ranges of `length` bytes must be readable.
#[inline]
unsafe fn differ(left: *const u8, right: *const u8, length: usize) -> bool {
    if length < WORD {
        // SAFETY: both texts have this length.
        return unsafe { short(left, length) != short(right, length) };
    }
    let mut at = length.wrapping_sub(WORD);
    loop {
        // SAFETY: `at` is eight bytes before the end, or before what was compared, but not before the beginning.
        if unsafe { word(left.wrapping_add(at)) != word(right.wrapping_add(at)) } {
            return true;
        }
        if at == 0 {
            return false;
        }
        at = at.saturating_sub(WORD);
    }
}

/// The functions that the linker takes for those of the compiler.
#[cfg(target_arch = "wasm32")]
mod linked {
    use core::ffi::{c_int, c_void};

    /// # Safety
    ///
    /// Both ranges of `length` bytes must be readable.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int {
        // SAFETY: the caller says what is asked for.
        unsafe { super::compare(left.cast(), right.cast(), length) }
    }

    /// # Safety
    ///
    /// Both ranges of `length` bytes must be readable.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int {
        // SAFETY: the caller says what is asked for.
        c_int::from(unsafe { super::differ(left.cast(), right.cast(), length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &[u8], right: &[u8]) {
        let (one, other) = (left.as_ptr(), right.as_ptr());
        assert_eq!(left.len(), right.len());
        // SAFETY: both are slices of this length.
        let (order, differ) = unsafe { (compare(one, other, left.len()), differ(one, other, left.len())) };
        assert_eq!(order.cmp(&0), left.cmp(right), "{left:?} {right:?}");
        assert_eq!(differ, left != right, "{left:?} {right:?}");
    }

    #[test]
    fn texts_of_every_length_that_differ_at_every_place() {
        for length in 0..40_u8 {
            let text: Vec<u8> = (0..length).map(|index| index.wrapping_mul(37) ^ 0x80).collect();
            check(&text, &text.clone());
            for place in 0..text.len() {
                for (byte, later) in [(0, 0xff), (0xff, 0), (text[place] ^ 1, text[place])] {
                    let mut other = text.clone();
                    other[place] = byte;
                    check(&text, &other);
                    check(&other, &text);
                    // The first difference counts, whatever follows.
                    other[text.len() - 1] = later;
                    check(&text, &other);
                    check(&other, &text);
                }
            }
        }
    }
}
