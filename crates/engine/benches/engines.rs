//! The built-in engine against ONNX Runtime, one thread each:
//! `cargo bench -p faceveil-engine --features onnxruntime`.
//!
//! Both run in one process and take turns, round by round, so that a change of clock or load hits
//! both; before each timed run an engine has an untimed one, because the other emptied the caches.
//! The ratio is the median over rounds of CPU time / CPU time of ONNX Runtime in the same round;
//! under 1 the built-in engine is faster. The last column is the largest absolute difference to the
//! outputs of ONNX Runtime.
//!
//! Arguments after `--`: `[MODEL]... [--size HxW] [--rounds N]`. For figures worth quoting, keep
//! the machine quiet and the process on one core (`taskset -c 1`).

use faceveil_engine::Size;
use faceveil_engine::side_by_side::{Runner, instruction_sets};
use std::error::Error;
use std::time::{Duration, Instant};

const MODELS: [(&str, &[u8]); 4] = [
    (
        "centerface",
        include_bytes!("../../../models/centerface.onnx"),
    ),
    (
        "yunet",
        include_bytes!("../../../models/yunet_2023mar.onnx"),
    ),
    (
        "retinaface",
        include_bytes!("../../../models/retinaface_mnet025.onnx"),
    ),
    ("text", include_bytes!("../../../models/text_ppocrv4.onnx")),
];

/// Height x width: a square, a portrait, a frame of video.
const SIZES: [(u32, u32); 3] = [(640, 640), (640, 384), (736, 1280)];

struct Arguments {
    models: Vec<String>,
    size: Option<(u32, u32)>,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    println!(
        "{:<12}{:>10}  {:<24}{:>9}{:>9}{:>8}{:>11}",
        "model", "h x w", "engine", "wall ms", "cpu ms", "ratio", "difference"
    );
    for (name, model) in MODELS {
        let wanted = &arguments.models;
        if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w.as_str())) {
            continue;
        }
        for (height, width) in SIZES {
            if arguments.size.is_none_or(|size| size == (height, width)) {
                compare(name, model, Size::new(width, height), arguments.rounds)?;
            }
        }
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments {
        models: Vec::new(),
        size: None,
        rounds: 20,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            // Cargo adds this one.
            "--bench" => {}
            "--rounds" => found.rounds = value()?.parse::<usize>()?.max(1),
            "--size" => {
                let text = value()?;
                let (height, width) = text.split_once('x').ok_or("a size is HxW: 640x384")?;
                found.size = Some((height.parse()?, width.parse()?));
            }
            _ => found.models.push(word),
        }
    }
    Ok(found)
}

fn compare(name: &str, model: &[u8], size: Size, rounds: usize) -> Result<(), Box<dyn Error>> {
    let mut runners = vec![Runner::onnxruntime(model, size)?];
    // The scalar kernels are there to be right, not fast.
    for instructions in instruction_sets().into_iter().filter(|i| *i != "scalar") {
        runners.push(Runner::builtin(instructions, model, size)?);
    }
    let input = picture(size);
    let reference = runners[0].run(&input)?;
    let mut wall = vec![Vec::with_capacity(rounds); runners.len()];
    let mut cpu = wall.clone();
    let mut difference = vec![0.0_f32; runners.len()];
    for _ in 0..rounds {
        for (i, runner) in runners.iter_mut().enumerate() {
            let outputs = runner.run(&input)?;
            difference[i] = difference[i].max(largest_difference(&reference, &outputs)?);
            drop(outputs);
            let (clock, used) = (Instant::now(), thread_time());
            let outputs = runner.run(&input)?;
            cpu[i].push(milliseconds(thread_time() - used));
            wall[i].push(milliseconds(clock.elapsed()));
            drop(outputs);
        }
    }
    for (i, runner) in runners.iter().enumerate() {
        let ratios = cpu[i].iter().zip(&cpu[0]).map(|(a, b)| a / b).collect();
        println!(
            "{name:<12}{:>10}  {:<24}{:>9.1}{:>9.1}{:>8.2}{:>11.1e}",
            format!("{}x{}", size.height, size.width),
            runner.name(),
            median(wall[i].clone()),
            median(cpu[i].clone()),
            median(ratios),
            difference[i],
        );
    }
    Ok(())
}

/// Three planes of noise in the range of a picture's bytes; none of the kernels looks at values.
fn picture(size: Size) -> Vec<f32> {
    let mut state = 1_u32;
    (0..3 * size.area())
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32
        })
        .collect()
}

fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> Result<f32, String> {
    if !a.iter().map(Vec::len).eq(b.iter().map(Vec::len)) {
        return Err("the engines give outputs of different sizes".to_owned());
    }
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    Ok(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// CPU time of this thread, so that another process's turn is not counted.
#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Wall time, where there is no simple clock for a thread.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
