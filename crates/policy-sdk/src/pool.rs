//! An allocator for modules: small pieces by size, each handed out again to whoever asks for its size next.
//!
//! A module makes and forgets millions of short texts in one run and ends with it, so that nothing has to be given
//! back or put together: taking and leaving a piece are a few steps. What is large goes to the allocator of Rust.

#![allow(
    unsafe_code,
    reason = "an allocator cannot be written without; its test looks for pieces that are handed out twice"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr;

/// Pieces are multiples of this many bytes, and lie on such.
const STEP: usize = 16;
/// The largest piece; beyond it the pool is not asked.
const PIECE_MAX: usize = 2 << 10;
const SIZES: usize = PIECE_MAX / STEP;
/// What pieces are cut from.
const SLAB: usize = 64 << 10;

/// A piece that nobody uses knows the next one of its size.
#[derive(Debug)]
struct Free {
    next: *mut Free,
}

#[derive(Debug)]
struct State {
    free: [*mut Free; SIZES],
    /// What is left of the slab.
    next: *mut u8,
    left: usize,
}

/// The allocator; for `#[global_allocator]` of a module.
#[derive(Debug)]
pub struct Pool(UnsafeCell<State>);

// SAFETY: a module has one thread: the host gives it no other, and refuses modules that could ask for one.
#[cfg(target_arch = "wasm32")]
unsafe impl Sync for Pool {}

impl Pool {
    /// An allocator that has handed out nothing.
    pub const fn new() -> Self {
        Self(UnsafeCell::new(State {
            free: [ptr::null_mut(); SIZES],
            next: ptr::null_mut(),
            left: 0,
        }))
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// The place of a size among the pieces; `None` for what is too large for them, or lies on other boundaries.
#[inline]
fn size_of_piece(layout: &Layout) -> Option<usize> {
    let is_piece = layout.size() <= PIECE_MAX && layout.size() > 0 && layout.align() <= STEP;
    is_piece.then(|| layout.size().wrapping_sub(1) / STEP)
}

impl State {
    /// Takes a new slab; false where there is no memory.
    #[cold]
    #[inline(never)]
    fn slab(&mut self) -> bool {
        let Ok(layout) = Layout::from_size_align(SLAB, STEP) else {
            return false;
        };
        // SAFETY: the layout is not empty.
        let slab = unsafe { System.alloc(layout) };
        if slab.is_null() {
            return false;
        }
        // What is left of the old one is less than a large piece: nobody will miss it.
        (self.next, self.left) = (slab, SLAB);
        true
    }

    /// A piece of a place. Not inlined, here as below: a module allocates in ten thousand places.
    #[inline(never)]
    fn take(&mut self, place: usize) -> *mut u8 {
        let bytes = place.wrapping_add(1).wrapping_mul(STEP);
        match self.free.get_mut(place) {
            Some(first) if !first.is_null() => {
                let piece = *first;
                // SAFETY: what stands in the list was given back by its user, and begins with the next one.
                *first = unsafe { (*piece).next };
                piece.cast()
            }
            _ => {
                if self.left < bytes && !self.slab() {
                    return ptr::null_mut();
                }
                let piece = self.next;
                self.next = piece.wrapping_add(bytes);
                self.left -= bytes;
                piece
            }
        }
    }

    #[inline(never)]
    fn leave(&mut self, place: usize, piece: *mut u8) {
        #[expect(clippy::cast_ptr_alignment, reason = "pieces lie on multiples of `STEP`")]
        let piece = piece.cast::<Free>();
        if let Some(first) = self.free.get_mut(place) {
            // SAFETY: the piece has at least the size and the alignment of a pointer, and its user is done with it.
            unsafe { piece.write(Free { next: *first }) };
            *first = piece;
        }
    }
}

// SAFETY: a piece is handed out once until it is given back: it comes off the list or the slab. Its size is that of its
// place, its alignment that of slabs. All else is the system's.
unsafe impl GlobalAlloc for Pool {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match size_of_piece(&layout) {
            // SAFETY: one thread, and nothing in `take` allocates from the pool.
            Some(place) => unsafe { (*self.0.get()).take(place) },
            // SAFETY: as the caller says.
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match size_of_piece(&layout) {
            // SAFETY: one thread; the layout is the one that the piece was taken with, so that it goes to its place.
            Some(place) => unsafe { (*self.0.get()).leave(place, piece) },
            // SAFETY: as the caller says.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return ptr::null_mut();
        };
        match (size_of_piece(&layout), size_of_piece(&wanted)) {
            (Some(old), Some(new)) if old == new => piece,
            // SAFETY: as the caller says.
            (None, None) => unsafe { System.realloc(piece, layout, size) },
            _ => {
                // SAFETY: both pieces are of their layouts, and apart from each other.
                unsafe {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        ptr::copy_nonoverlapping(piece, moved, layout.size().min(size));
                        self.dealloc(piece, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is held of a pool: where, how it was asked for, and what was written into it.
    type Held = (*mut u8, Layout, u8);

    /// Numbers that look like chance and are the same in every run.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % end
        }
    }

    #[track_caller]
    fn assert_whole(piece: *mut u8, size: usize, mark: u8) {
        // SAFETY: the piece is held and was filled.
        assert!((0..size).all(|at| unsafe { piece.add(at).read() } == mark));
    }

    fn fill(piece: *mut u8, layout: Layout, mark: u8) -> Held {
        assert!(!piece.is_null() && piece.addr().is_multiple_of(layout.align()));
        // SAFETY: the piece is that large.
        unsafe { piece.write_bytes(mark, layout.size()) };
        (piece, layout, mark)
    }

    fn take(pool: &Pool, layout: Layout, mark: u8) -> Held {
        // SAFETY: the layout is not empty.
        fill(unsafe { pool.alloc(layout) }, layout, mark)
    }

    fn leave(pool: &Pool, (piece, layout, mark): Held) {
        assert_whole(piece, layout.size(), mark);
        // SAFETY: it came from this pool with this layout.
        unsafe { pool.dealloc(piece, layout) };
    }

    fn change(pool: &Pool, (piece, layout, mark): Held, size: usize, new: u8) -> Held {
        // SAFETY: it came from this pool with this layout.
        let moved = unsafe { pool.realloc(piece, layout, size) };
        assert_whole(moved, layout.size().min(size), mark);
        fill(moved, Layout::from_size_align(size, layout.align()).unwrap(), new)
    }

    #[test]
    fn nothing_is_handed_out_twice() {
        let pool = Pool::new();
        let mut draw = Draw(7);
        let mut held: Vec<Held> = Vec::new();
        for step in 0..20_000_usize {
            let mark = step.to_le_bytes()[0];
            // Sizes on both sides of the largest piece, the small ones more often.
            let most = [40, 400, 5_000][draw.below(3)];
            let size = 1 + draw.below(most);
            let layout = Layout::from_size_align(size, 1 << draw.below(7)).unwrap();
            let which = draw.below(held.len().max(1));
            match draw.below(4) {
                0 if !held.is_empty() => leave(&pool, held.swap_remove(which)),
                1 if !held.is_empty() => {
                    let one = held.swap_remove(which);
                    held.push(change(&pool, one, size, mark));
                }
                _ if held.len() > 300 => leave(&pool, held.swap_remove(which)),
                _ => held.push(take(&pool, layout, mark)),
            }
        }
        for one in held {
            leave(&pool, one);
        }
    }

    #[test]
    fn a_piece_is_used_again() {
        let pool = Pool::new();
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        let first = take(&pool, layout(40), 1);
        let place = first.0;
        leave(&pool, first);
        let again = take(&pool, layout(48), 2);
        assert_eq!(place, again.0);
        leave(&pool, again);
    }
}
