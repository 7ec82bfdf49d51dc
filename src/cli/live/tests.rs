use super::sink::format_of;
use super::source::{Head, read_frame, read_head};
use faceveil::Size;
use std::ffi::OsStr;

#[test]
fn the_head_of_a_stream_is_read_or_refused() {
    let head = |mut text: &[u8]| read_head(&mut text);
    let line = b"YUV4MPEG2 W640 H482 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2\nFRAME\n";
    let expected = Head {
        size: Size::new(640, 482),
        rate: (30000, 1001),
    };
    assert_eq!(head(line).expect("a head"), expected);
    for wrong in [
        &b""[..],
        b"YUV4MPEG2 W640 H480",
        b"YUV4MPEG2 W0 H480 F25:1\n",
        b"YUV4MPEG2 W-1 H480 F25:1\n",
        b"YUV4MPEG2 W640 H480 F25:1 C422\n",
        b"YUV4MPEG2 W640 H480 F25:1 C420p10\n",
        b"GIF89a\n",
    ] {
        assert!(head(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
    }
    assert_eq!(
        head(b"YUV4MPEG2 W2 H2 F0:0\n").expect("a head").rate,
        (25, 1)
    );
}

#[test]
fn frames_end_with_the_stream_and_none_is_half() {
    let mut from = &b"FRAME\nabcdefFRAME Ip\nghijklFRAME\nmno"[..];
    let mut next = || read_frame(&mut from, 6).expect("read");
    assert_eq!(next().as_deref(), Some(&b"abcdef"[..]));
    assert_eq!(next().as_deref(), Some(&b"ghijkl"[..]));
    assert_eq!(next(), None);
    assert!(read_frame(&mut &b"NONSENSE\nabcdef"[..], 6).is_err());
}

#[test]
fn addresses_say_their_format() {
    let format = |name: &str| format_of(OsStr::new(name));
    assert_eq!(format("rtsp://127.0.0.1/a"), Some("rtsp"));
    assert_eq!(format("udp://127.0.0.1:5000"), Some("mpegts"));
    assert_eq!(format("-"), Some("mpegts"));
    assert_eq!(format("/dev/video9"), Some("v4l2"));
    assert_eq!(format("safe.mp4"), None);
}
