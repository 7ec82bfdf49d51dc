//! How the command's allocator treats blocks as large as a picture.

/// Keeps them for the next picture. By itself glibc gives each back to the system, which clears its pages anew every
/// time: 2 to 3 % of the whole work. For the start of the program; a library must not choose this for its host.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn keep_large_blocks() {
    // SAFETY: it only sets numbers of the allocator, and is said to be safe before there are other threads.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 128 << 20);
    }
}

/// Other allocators are as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn keep_large_blocks() {}
