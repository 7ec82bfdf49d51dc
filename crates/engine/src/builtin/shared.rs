//! The floats of a session, as the threads that run bands of rows see them.
//!
//! Invariant: a thread gets them only through [`Shared::for_thread`], whose caller vouches that no
//! thread touches what another writes.

use std::marker::PhantomData;

/// All floats of a session. Kernels compare what they touch with its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    len: usize,
    floats: PhantomData<&'a mut [f32]>,
}

impl<'a> From<&'a mut [f32]> for Shared<'a> {
    fn from(floats: &'a mut [f32]) -> Self {
        Self {
            start: floats.as_mut_ptr(),
            len: floats.len(),
            floats: PhantomData,
        }
    }
}

impl<'a> From<&'a mut Vec<f32>> for Shared<'a> {
    fn from(floats: &'a mut Vec<f32>) -> Self {
        floats.as_mut_slice().into()
    }
}

impl Shared<'_> {
    pub(super) fn len(self) -> usize {
        self.len
    }

    pub(super) fn start(self) -> *mut f32 {
        self.start
    }

    /// Changes some floats.
    ///
    /// # Panics
    /// If they do not lie inside.
    pub(super) fn change(self, at: usize, len: usize, change: impl FnOnce(&mut [f32])) {
        let end = at.checked_add(len);
        assert!(
            end.is_some_and(|end| end <= self.len),
            "floats outside the arena"
        );
        // SAFETY: `at` was just compared with the length.
        let start = unsafe { self.start.add(at) };
        // SAFETY: they lie inside, and no other thread touches them: there is none, or the caller
        // of `for_thread` vouches for it. No kernel runs on this thread at the same time.
        change(unsafe { std::slice::from_raw_parts_mut(start, len) });
    }

    /// The same floats for another thread.
    ///
    /// # Safety
    /// While several threads use them, no thread writes a float that another one reads or writes.
    pub(super) unsafe fn for_thread(self) -> ForThread<Self> {
        ForThread(self)
    }
}

/// What may go to another thread.
pub(super) struct ForThread<T>(T);

// SAFETY: made by `Shared::for_thread` only, whose caller vouches for the threads.
unsafe impl Send for ForThread<Shared<'_>> {}

impl<T> ForThread<T> {
    /// On that thread.
    pub(super) fn take(self) -> T {
        self.0
    }
}
