//! Promises on JPEG files, kept over pictures of every layout.

mod covered;
mod edges;
mod hostile;
