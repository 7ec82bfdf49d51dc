//! How much memory a run may use.

use std::path::Path;

/// What is left to everything else on the machine: a quarter.
const SHARE: (u64, u64) = (3, 4);

/// Bytes that a run may use where nobody says otherwise; `None` if the machine does not say what it
/// has.
pub(super) fn default_budget() -> Option<u64> {
    available().map(|bytes| bytes / SHARE.1 * SHARE.0)
}

/// Memory of the machine, or of the control group if that is less.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|l| kilobytes(l, "MemTotal:"));
    total.into_iter().chain(group_limit()).min()
}

/// The value of a line such as `MemTotal:  24608 kB`, in bytes.
pub(super) fn kilobytes(line: &str, name: &str) -> Option<u64> {
    let number = line.strip_prefix(name)?.split_whitespace().next()?;
    number.parse::<u64>().ok()?.checked_mul(1024)
}

/// The least limit of the control groups that this process is in (version 2, else version 1).
fn group_limit() -> Option<u64> {
    let read =
        |path: &Path| -> Option<u64> { std::fs::read_to_string(path).ok()?.trim().parse().ok() };
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|l| l.strip_prefix("0::/"));
    let root = Path::new("/sys/fs/cgroup");
    let folder = root.join(own.unwrap_or_default());
    let above = folder.ancestors().take_while(|f| f.starts_with(root));
    let limits = above.filter_map(|f| read(&f.join("memory.max")));
    let first = root.join("memory/memory.limit_in_bytes");
    limits.chain(read(&first)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_system_is_read_in_bytes() {
        let of = |line| kilobytes(line, "MemTotal:");
        assert_eq!(of("MemTotal:       24608 kB"), Some(24608 * 1024));
        assert_eq!(of("MemFree:        24608 kB"), None);
        assert_eq!(of("MemTotal:"), None);
    }
}
