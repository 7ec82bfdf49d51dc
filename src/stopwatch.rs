//! How long the steps of a run take.

/// Measures time from its start. WebAssembly without a host has no clock: there it says 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    start: std::time::Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
            start: std::time::Instant::now(),
        }
    }

    /// Seconds since its start.
    pub(crate) fn seconds(self) -> f64 {
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        let seconds = self.start.elapsed().as_secs_f64();
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        let seconds = 0.0;
        seconds
    }

    /// Milliseconds since its start, in hundredths.
    pub(crate) fn milliseconds(self) -> f64 {
        (self.seconds() * 1e5).round() / 100.0
    }
}
