//! What the service did, in Prometheus' text format. Counts only: nothing of a request is in them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram of seconds.
const BUCKETS: [f64; 12] = [
    0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
];

/// Counters since the start.
#[derive(Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    seconds: Mutex<Histogram>,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    faces: AtomicU64,
    crashed: AtomicU64,
    working: AtomicUsize,
}

#[derive(Default)]
struct Histogram {
    counts: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

/// A photo that is being worked on.
pub(super) struct Working<'a>(&'a AtomicUsize);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub(super) fn request(&self, path: &'static str, status: u16) {
        let mut all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry((path, status)).or_default() += 1;
    }

    /// Counts a photo that was done.
    pub(super) fn photo(&self, took: Duration, bytes_in: usize, bytes_out: usize, faces: usize) {
        for (counter, n) in [
            (&self.bytes_in, bytes_in),
            (&self.bytes_out, bytes_out),
            (&self.faces, faces),
        ] {
            counter.fetch_add(n as u64, Ordering::Relaxed);
        }
        let seconds = took.as_secs_f64();
        let mut all = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        all.count += 1;
        all.sum += seconds;
        for (count, bound) in all.counts.iter_mut().zip(BUCKETS) {
            *count += u64::from(seconds <= bound);
        }
    }

    /// Counts a photo as being worked on for as long as the result lives.
    pub(super) fn working(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(&self.working)
    }

    /// Counts a photo that ended its worker process.
    pub(super) fn crashed(&self) {
        self.crashed.fetch_add(1, Ordering::Relaxed);
    }

    /// All of it; `taken`: slots that are in use, and how many there are.
    pub(super) fn text(&self, taken: (usize, usize)) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &str| {
            let _ = write!(
                text,
                "# HELP faceveil_{name} {help}\n# TYPE faceveil_{name} {kind}\n{lines}"
            );
        };
        let mut lines = String::new();
        let all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((path, status), n) in all.iter() {
            let labels = format!("path=\"{path}\",code=\"{status}\"");
            let _ = writeln!(lines, "faceveil_requests_total{{{labels}}} {n}");
        }
        drop(all);
        family(
            "requests_total",
            "counter",
            "Requests that were answered.",
            &lines,
        );
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            (
                "received_bytes_total",
                "counter",
                "Bytes of photos that were done.",
                get(&self.bytes_in),
            ),
            (
                "sent_bytes_total",
                "counter",
                "Bytes of new photos.",
                get(&self.bytes_out),
            ),
            (
                "faces_total",
                "counter",
                "Faces that were found.",
                get(&self.faces),
            ),
            (
                "crashes_total",
                "counter",
                "Photos that ended their worker process.",
                get(&self.crashed),
            ),
            (
                "working",
                "gauge",
                "Photos that are worked on.",
                self.working.load(Ordering::Relaxed) as u64,
            ),
            (
                "slots_used",
                "gauge",
                "Photos that are read, wait, are worked on or sent.",
                taken.0 as u64,
            ),
            ("slots", "gauge", "How many that may be.", taken.1 as u64),
        ] {
            family(name, kind, help, &format!("faceveil_{name} {value}\n"));
        }
        let seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "faceveil_photo_seconds";
        let mut lines = String::new();
        for (bound, n) in BUCKETS.iter().zip(seconds.counts) {
            let _ = writeln!(lines, "{name}_bucket{{le=\"{bound}\"}} {n}");
        }
        let (count, sum) = (seconds.count, seconds.sum);
        let _ = writeln!(lines, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(lines, "{name}_sum {sum}\n{name}_count {count}");
        drop(seconds);
        family(
            "photo_seconds",
            "histogram",
            "From the last byte of a photo to its answer.",
            &lines,
        );
        let version = env!("CARGO_PKG_VERSION");
        let lines = format!("faceveil_build_info{{version=\"{version}\"}} 1\n");
        family("build_info", "gauge", "The version that runs.", &lines);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_all_that_took_no_longer() {
        let metrics = Metrics::default();
        metrics.request("/v1/photo", 200);
        metrics.request("/v1/photo", 200);
        metrics.photo(Duration::from_millis(300), 10, 20, 3);
        let _working = metrics.working();
        let text = metrics.text((1, 66));
        for line in [
            "faceveil_requests_total{path=\"/v1/photo\",code=\"200\"} 2",
            "faceveil_photo_seconds_bucket{le=\"0.25\"} 0",
            "faceveil_photo_seconds_bucket{le=\"0.5\"} 1",
            "faceveil_photo_seconds_bucket{le=\"+Inf\"} 1",
            "faceveil_faces_total 3",
            "faceveil_working 1",
            "faceveil_slots 66",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
