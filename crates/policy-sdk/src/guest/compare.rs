//! Comparison of bytes, eight at a time.
//!
//! What the compiler brings along for WebAssembly compares single bytes, and addresses in a plan share long beginnings:
//! a quarter of a run was spent on it. The linker prefers what stands here.

#![allow(
    unsafe_code,
    reason = "the linker knows these functions by their C names and C gives pointers"
)]

use core::ffi::{c_int, c_void};

const WORD: usize = size_of::<u64>();

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

/// Compares as C does: negative, zero or positive.
///
/// # Safety
///
/// Both ranges of `length` bytes must be readable.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int {
    let (left, right) = (left.cast::<u8>(), right.cast::<u8>());
    let mut at = 0_usize;
    while length.wrapping_sub(at) >= WORD {
        // SAFETY: eight bytes are left in both ranges.
        let (one, other) = unsafe { (word(left.wrapping_add(at)), word(right.wrapping_add(at))) };
        if one != other {
            return if one < other { -1 } else { 1 };
        }
        at = at.wrapping_add(WORD);
    }
    while at < length {
        // SAFETY: `at` is within both ranges.
        let (one, other) = unsafe { (left.wrapping_add(at).read(), right.wrapping_add(at).read()) };
        if one != other {
            return c_int::from(one).wrapping_sub(c_int::from(other));
        }
        at = at.wrapping_add(1);
    }
    0
}

/// Zero where both are equal.
///
/// # Safety
///
/// Both ranges of `length` bytes must be readable.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const c_void, right: *const c_void, length: usize) -> c_int {
    // SAFETY: the caller says what is asked for.
    unsafe { memcmp(left, right, length) }
}
