//! The memory of this process, which holds secrets and tokens while it runs: closed to others, and zeroed when it is given back.

use std::alloc::{GlobalAlloc, Layout, System};

/// Keeps the memory of this process from dumps and from other processes of the same user: no core file is written after a crash,
/// no debugger attaches, and `/proc/PID/mem`, `environ` and the like belong to root. What a process reads of itself stays readable.
///
/// A system other than Linux has no such switch; there it does nothing. It cannot fail where there is one.
pub fn keep_private() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// The system's allocator, but a block is zeroed before it is freed.
///
/// A secret that is sent passes through buffers that are not ours: a form is encoded, a request is put together, a header grows.
/// None of these is zeroed by those who made it, so what they free would hold secrets until it is used for something else. This
/// covers all of them, which buffers of our own, zeroed one by one, cannot.
#[derive(Debug)]
pub struct ZeroingAllocator;

/// Bytes of the largest block that is zeroed. A secret, a token and every request and header with one in it are far shorter;
/// larger blocks are pages and metrics, which hold none, and may never have been touched as a whole.
const LARGEST: usize = 64 * 1024;

// SAFETY: each block comes from `System` and goes back to it with the layout that it was made with. In between, only bytes of
// blocks that their owner has given up are written.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for ZeroingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() <= LARGEST {
            // SAFETY: the block has this size, and nobody reads it any more.
            unsafe { block.write_bytes(0, layout.size()) };
            // Otherwise a compiler leaves out a write that nobody reads.
            std::hint::black_box(block);
        }
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.size() > LARGEST {
            // SAFETY: as above.
            return unsafe { System.realloc(block, layout, new_size) };
        }
        // The system's would leave a copy behind wherever it moves the block.
        // SAFETY: the caller promises that the new size is right for this alignment; the two blocks do not overlap, and the
        // shorter of both lengths lies within each.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    /// The allocator is asked by itself: the blocks of the test are the system's own.
    #[test]
    fn block_that_grows_and_shrinks_keeps_its_content() {
        for (before, after) in [(1, 24), (24, 24), (4096, 100), (LARGEST, LARGEST + 1), (LARGEST + 1, 7), (100, 3 * LARGEST)] {
            let layout = Layout::array::<u8>(before).expect("a layout");
            // SAFETY: the layouts are those of the block, and not empty.
            let content = unsafe {
                let block = ZeroingAllocator.alloc(layout);
                block.write_bytes(7, before);
                let moved = ZeroingAllocator.realloc(block, layout, after);
                let content = std::slice::from_raw_parts(moved, before.min(after)).to_vec();
                ZeroingAllocator.dealloc(moved, Layout::array::<u8>(after).expect("a layout"));
                content
            };
            assert!(content.iter().all(|byte| *byte == 7), "{before} to {after}");
        }
    }
}
