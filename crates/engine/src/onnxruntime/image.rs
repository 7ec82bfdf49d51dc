//! Reads the header of a shared library without loading it.
//!
//! The loader of the system maps a file that was cut short and dies of a bus error when it touches
//! the missing part; it also names neither the architecture nor the damage. Invariant: nothing here
//! runs code of the file, and every offset read from it is checked.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// More headers than any real library has: bounds the work on a made-up one.
const MOST_HEADERS: u64 = 512;

/// Says why the file at `path` cannot be a shared library for this computer, if that is plain from
/// its header; a file that passes may still fail to load.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let about = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => format!("it cannot be read: {error}"),
    })?;
    if about.is_dir() {
        return Err("it is a folder, not a library".to_owned());
    }
    if !about.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if about.len() == 0 {
        return Err("the file is empty".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    Image {
        file,
        length: about.len(),
    }
    .check()
}

struct Image {
    file: File,
    length: u64,
}

impl Image {
    fn check(mut self) -> Result<(), String> {
        let magic = self
            .bytes::<4>(0)
            .ok_or("the file is too short for a library")?;
        match magic {
            [0x7f, b'E', b'L', b'F'] => self.elf(),
            [0xcf, 0xfa, 0xed, 0xfe] => self.mach_o(0, self.length),
            [0xca, 0xfe, 0xba, 0xbe] => self.universal(),
            [b'M', b'Z', ..] => self.pe(),
            _ => Err("it is not a shared library".to_owned()),
        }
    }

    /// `System V ABI`, chapters 4 and 5; 64-bit little-endian only.
    fn elf(&mut self) -> Result<(), String> {
        if !cfg!(all(
            unix,
            not(target_vendor = "apple"),
            target_pointer_width = "64",
            target_endian = "little"
        )) {
            return other_system("ELF");
        }
        let ident = self.bytes::<16>(0).ok_or_else(truncated)?;
        if ident[4] != 2 || ident[5] != 1 {
            return Err("it is not a 64-bit little-endian library".to_owned());
        }
        architecture(match self.u16(18)? {
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv64",
            258 => "loongarch64",
            _ => "unknown",
        })?;
        if self.u16(16)? != 3 {
            return Err("it is not a shared library".to_owned());
        }
        let (at, each, count) = (self.u64(32)?, self.u16(54)?, self.u16(56)?);
        if u64::from(count) > MOST_HEADERS || each < 56 {
            return Err("its program headers are damaged".to_owned());
        }
        for i in 0..u64::from(count) {
            let header = i * u64::from(each);
            let offset = self.u64(at.saturating_add(header).saturating_add(8))?;
            let size = self.u64(at.saturating_add(header).saturating_add(32))?;
            self.holds(offset, size)?;
        }
        // The section table is not needed to load, but it comes last, so it tells of any cut.
        let (at, each, count) = (self.u64(40)?, self.u16(58)?, self.u16(60)?);
        self.holds(at, u64::from(each) * u64::from(count))
    }

    /// A universal binary: one image per architecture; numbers are big-endian.
    fn universal(&mut self) -> Result<(), String> {
        if !cfg!(target_vendor = "apple") {
            return other_system("Mach-O");
        }
        let count = u64::from(self.u32(4)?.swap_bytes());
        if count > MOST_HEADERS {
            return Err("its headers are damaged".to_owned());
        }
        let mut last = Err("it holds no image".to_owned());
        for i in 0..count {
            let offset = u64::from(self.u32(8 + i * 20 + 8)?.swap_bytes());
            let size = u64::from(self.u32(8 + i * 20 + 12)?.swap_bytes());
            self.holds(offset, size)?;
            last = self.mach_o(offset, size);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Apple's `mach-o/loader.h`; 64-bit only.
    fn mach_o(&mut self, start: u64, size: u64) -> Result<(), String> {
        if !cfg!(target_vendor = "apple") {
            return other_system("Mach-O");
        }
        architecture(match self.u32(start.saturating_add(4))? {
            0x0100_0007 => "x86_64",
            0x0100_000c => "aarch64",
            _ => "unknown",
        })?;
        let count = u64::from(self.u32(start + 16)?);
        if count > MOST_HEADERS {
            return Err("its load commands are damaged".to_owned());
        }
        let mut at = start + 32;
        for _ in 0..count {
            let (command, length) = (self.u32(at)?, self.u32(at.saturating_add(4))?);
            if command == 0x19 {
                let offset = self.u64(at + 40)?;
                let length = self.u64(at + 48)?;
                if offset.checked_add(length).is_none_or(|end| end > size) {
                    return Err(truncated());
                }
            }
            at = at.saturating_add(u64::from(length));
        }
        Ok(())
    }

    /// Microsoft's PE format; Windows itself checks the sections against the file.
    fn pe(&mut self) -> Result<(), String> {
        if !cfg!(windows) {
            return other_system("Windows");
        }
        let at = u64::from(self.u32(0x3c)?);
        if self.bytes::<4>(at) != Some(*b"PE\0\0") {
            return Err("it is not a shared library".to_owned());
        }
        architecture(match self.u16(at.saturating_add(4))? {
            0x8664 => "x86_64",
            0xaa64 => "aarch64",
            _ => "unknown",
        })
    }

    fn holds(&self, offset: u64, size: u64) -> Result<(), String> {
        match offset.checked_add(size) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(truncated()),
        }
    }

    fn bytes<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(at)).ok()?;
        self.file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn u16(&mut self, at: u64) -> Result<u16, String> {
        self.bytes(at).map(u16::from_le_bytes).ok_or_else(truncated)
    }

    fn u32(&mut self, at: u64) -> Result<u32, String> {
        self.bytes(at).map(u32::from_le_bytes).ok_or_else(truncated)
    }

    fn u64(&mut self, at: u64) -> Result<u64, String> {
        self.bytes(at).map(u64::from_le_bytes).ok_or_else(truncated)
    }
}

fn truncated() -> String {
    "the file was cut short".to_owned()
}

fn other_system(format: &str) -> Result<(), String> {
    Err(format!("it is a {format} library, for another system"))
}

fn architecture(built_for: &str) -> Result<(), String> {
    let here = std::env::consts::ARCH;
    if built_for == here {
        Ok(())
    } else {
        Err(format!(
            "it was built for {built_for} processors, this program runs on {here}"
        ))
    }
}
