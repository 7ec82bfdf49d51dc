//! The report and the audit: written line by line, and read back.

pub(crate) mod audit;
pub(crate) mod earlier_lines;
pub(crate) mod findings;
pub(crate) mod previous_report;
pub(crate) mod report_file;
