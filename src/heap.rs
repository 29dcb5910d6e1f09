//! The allocator's settings for a process that lives for months.

/// Bytes from which a block is mapped by itself, and given back as soon as it is freed; and the bytes free at a heap's end from which they
/// are given back. A conversation needs no block of this size.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 256 * 1024;

/// Has memory that large blocks took given back when they are freed: a page of ten thousand mailboxes takes 20 MiB for a second.
///
/// Unless it is told, glibc raises both bounds to the size of the largest block that was ever freed, of tens of MiB here, and what a
/// page took then stays with the process. To be called while there is one thread; other allocators do so by themselves.
pub fn give_back_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    for option in [nix::libc::M_MMAP_THRESHOLD, nix::libc::M_TRIM_THRESHOLD] {
        // SAFETY: the caller has one thread; an option that is refused stays what it was.
        unsafe { nix::libc::mallopt(option, LARGE) };
    }
}
