//! Made-up networks with every kind of operation, small enough for Miri
//! (`cargo +nightly miri test builtin::tests::tiny`), against naive loops.

use super::write::{File, ints, text};
use super::*;
use crate::builtin::onnx::Attribute;

/// A value as plain loops compute it: channels, rows, columns, numbers.
#[derive(Clone)]
struct Map {
    c: usize,
    h: usize,
    w: usize,
    v: Vec<f64>,
}

impl Map {
    fn make(c: usize, h: usize, w: usize, f: impl Fn(usize, usize, usize) -> f64) -> Self {
        let mut v = vec![];
        for ci in 0..c {
            for y in 0..h {
                v.extend((0..w).map(|x| f(ci, y, x)));
            }
        }
        Self { c, h, w, v }
    }

    /// Zero outside.
    fn at(&self, c: usize, y: isize, x: isize) -> f64 {
        let inside = (0..self.h as isize).contains(&y) && (0..self.w as isize).contains(&x);
        if inside {
            self.v[(c * self.h + y as usize) * self.w + x as usize]
        } else {
            0.0
        }
    }

    fn last(&self) -> Vec<f64> {
        let mut v = vec![];
        for i in 0..self.h * self.w {
            v.extend((0..self.c).map(|c| self.v[c * self.h * self.w + i]));
        }
        v
    }
}

/// Writes a network node by node and computes each node with plain loops at the same time.
struct Tiny {
    file: File,
    dice: Dice,
    named: usize,
}

impl Tiny {
    fn new(seed: u64) -> Self {
        Self {
            file: File::default(),
            dice: Dice(seed),
            named: 0,
        }
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("v{}", self.named)
    }

    /// Square window `k`, depthwise if `outputs` is 0.
    fn conv(
        &mut self,
        (name, x): (&str, &Map),
        outputs: usize,
        k: usize,
        stride: usize,
    ) -> (String, Map) {
        let each = outputs == 0;
        let (oc, ic) = if each { (x.c, 1) } else { (outputs, x.c) };
        let scale = 1.0 / (ic * k * k) as f32;
        let w: Vec<f32> = self.dice.floats(oc * ic * k * k);
        let w: Vec<f32> = w.iter().map(|w| w * scale.sqrt()).collect();
        let bias = self.dice.floats(oc);
        let out = self.name();
        let (wn, bn) = (format!("{out}.w"), format!("{out}.b"));
        self.file.floats(&wn, &[oc, ic, k, k], w.clone());
        self.file.floats(&bn, &[oc], bias.clone());
        let pad = k as i64 / 2;
        self.file.node(
            "Conv",
            &[name, &wn, &bn],
            &out,
            &[
                ("group", Attribute::Int(if each { x.c as i64 } else { 1 })),
                ("kernel_shape", ints(&[k as i64; 2])),
                ("pads", ints(&[pad; 4])),
                ("strides", ints(&[stride as i64; 2])),
                ("dilations", ints(&[1, 1])),
            ],
        );
        let y = Map::make(oc, x.h / stride, x.w / stride, |o, y, x_| {
            let mut sum = f64::from(bias[o]);
            for i in 0..ic {
                for ky in 0..k {
                    for kx in 0..k {
                        let sy = (y * stride + ky) as isize - pad as isize;
                        let sx = (x_ * stride + kx) as isize - pad as isize;
                        let c = if each { o } else { i };
                        sum += f64::from(w[((o * ic + i) * k + ky) * k + kx]) * x.at(c, sy, sx);
                    }
                }
            }
            sum
        });
        (out, y)
    }

    fn deconv(&mut self, (name, x): (&str, &Map), outputs: usize) -> (String, Map) {
        let w = self.dice.floats(x.c * outputs * 4);
        let out = self.name();
        let wn = format!("{out}.w");
        self.file.floats(&wn, &[x.c, outputs, 2, 2], w.clone());
        self.file.node(
            "ConvTranspose",
            &[name, &wn],
            &out,
            &[("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))],
        );
        let y = Map::make(outputs, x.h * 2, x.w * 2, |o, y, x_| {
            let tap = |i: usize| f64::from(w[((i * outputs + o) * 2 + y % 2) * 2 + x_ % 2]);
            (0..x.c)
                .map(|i| tap(i) * x.at(i, y as isize / 2, x_ as isize / 2))
                .sum()
        });
        (out, y)
    }

    fn act(&mut self, (name, x): (&str, &Map), slope: Option<f32>) -> (String, Map) {
        let out = self.name();
        match slope {
            None => self.file.node("Relu", &[name], &out, &[]),
            Some(a) => {
                let alpha = [("alpha", Attribute::Float(a))];
                self.file.node("LeakyRelu", &[name], &out, &alpha);
            }
        }
        let slope = f64::from(slope.unwrap_or(0.0));
        let y = Map::make(x.c, x.h, x.w, |c, y, x_| {
            let v = x.at(c, y as isize, x_ as isize);
            v.max(v * slope)
        });
        (out, y)
    }

    fn pool(&mut self, (name, x): (&str, &Map)) -> (String, Map) {
        let out = self.name();
        let attributes = [
            ("kernel_shape", ints(&[2, 2])),
            ("strides", ints(&[2, 2])),
            ("ceil_mode", Attribute::Int(0)),
        ];
        self.file.node("MaxPool", &[name], &out, &attributes);
        let y = Map::make(x.c, x.h / 2, x.w / 2, |c, y, x_| {
            let at = |i: usize| x.at(c, (2 * y + i / 2) as isize, (2 * x_ + i % 2) as isize);
            (0..4).map(at).fold(f64::MIN, f64::max)
        });
        (out, y)
    }

    fn add(&mut self, (a, x): (&str, &Map), (b, y): (&str, &Map)) -> (String, Map) {
        let out = self.name();
        self.file.node("Add", &[a, b], &out, &[]);
        let sum = Map::make(x.c, x.h, x.w, |c, i, j| {
            x.at(c, i as isize, j as isize) + y.at(c, i as isize, j as isize)
        });
        (out, sum)
    }

    /// A convolution and `x * hard sigmoid(x) + shift`.
    fn swish(&mut self, (name, x): (&str, &Map), shift: Option<f32>) -> (String, Map) {
        let (gate, mut out) = (self.name(), self.name());
        let sixth = [
            ("alpha", Attribute::Float(1.0 / 6.0)),
            ("beta", Attribute::Float(0.5)),
        ];
        self.file.node("HardSigmoid", &[name], &gate, &sixth);
        self.file.node("Mul", &[name, &gate], &out, &[]);
        if let Some(shift) = shift {
            let (c, sum) = (format!("{out}.c"), self.name());
            self.file.floats(&c, &[], vec![shift]);
            self.file.node("Add", &[&c, &out], &sum, &[]);
            out = sum;
        }
        let shift = f64::from(shift.unwrap_or(0.0));
        let y = Map::make(x.c, x.h, x.w, |c, y, x_| {
            let v = x.at(c, y as isize, x_ as isize);
            v * (v / 6.0 + 0.5).clamp(0.0, 1.0) + shift
        });
        (out, y)
    }

    /// Squeeze and excitation: the map times one number of each channel.
    fn squeeze(&mut self, (name, x): (&str, &Map), inner: usize) -> (String, Map) {
        let (mean, out) = (self.name(), self.name());
        self.file.node("GlobalAveragePool", &[name], &mean, &[]);
        let m = Map::make(x.c, 1, 1, |c, _, _| {
            let all = &x.v[c * x.h * x.w..][..x.h * x.w];
            all.iter().sum::<f64>() / all.len() as f64
        });
        let (n, m) = self.conv((&mean, &m), inner, 1, 1);
        let (n, m) = self.act((&n, &m), None);
        let (n, m) = self.conv((&n, &m), x.c, 1, 1);
        let [low, high, gate] = ["low", "high", "gate"].map(|n| format!("{out}.{n}"));
        self.file.floats(&low, &[], vec![0.25]);
        self.file.floats(&high, &[], vec![1.5]);
        self.file.node("Clip", &[&n, &low, &high], &gate, &[]);
        self.file.node("Mul", &[name, &gate], &out, &[]);
        let y = Map::make(x.c, x.h, x.w, |c, y, x_| {
            m.v[c].clamp(0.25, 1.5) * x.at(c, y as isize, x_ as isize)
        });
        (out, y)
    }

    /// Nearest, `times` as large.
    fn repeat(&mut self, (name, x): (&str, &Map), times: usize) -> (String, Map) {
        let out = self.name();
        let attributes = [
            ("coordinate_transformation_mode", text("asymmetric")),
            ("mode", text("nearest")),
            ("nearest_mode", text("floor")),
        ];
        let [roi, scales] = ["roi", "scales"].map(|n| format!("{out}.{n}"));
        self.file.floats(&roi, &[0], vec![]);
        let factor = times as f32;
        self.file
            .floats(&scales, &[4], vec![1.0, 1.0, factor, factor]);
        let inputs = [name, &roi, &scales];
        self.file.node("Resize", &inputs, &out, &attributes);
        let y = Map::make(x.c, x.h * times, x.w * times, |c, y, x_| {
            x.at(c, (y / times) as isize, (x_ / times) as isize)
        });
        (out, y)
    }

    /// Nearest, twice; the size given by scales, or computed from the shape of `like`.
    fn up(&mut self, (name, x): (&str, &Map), like: Option<&str>) -> (String, Map) {
        let out = self.name();
        let attributes = [
            ("coordinate_transformation_mode", text("asymmetric")),
            ("mode", text("nearest")),
            ("nearest_mode", text("floor")),
        ];
        let [roi, scales, shape, two, four] =
            ["roi", "scales", "shape", "two", "four"].map(|n| format!("{out}.{n}"));
        match like {
            None => {
                self.file.floats(&roi, &[0], vec![]);
                self.file.floats(&scales, &[4], vec![1.0, 1.0, 2.0, 2.0]);
                let inputs = [name, &roi, &scales];
                self.file.node("Resize", &inputs, &out, &attributes);
            }
            Some(like) => {
                let [zero, sizes, all, head, tail] =
                    ["zero", "sizes", "all", "head", "tail"].map(|n| format!("{out}.{n}"));
                self.file.ints(&zero, &[0]);
                self.file.ints(&two, &[2]);
                self.file.ints(&four, &[4]);
                self.file.node("Shape", &[like], &shape, &[]);
                self.file
                    .node("Slice", &[&shape, &two, &four, &zero], &tail, &[]);
                self.file.node("Shape", &[name], &sizes, &[]);
                self.file
                    .node("Slice", &[&sizes, &zero, &two, &zero], &head, &[]);
                let axis = [("axis", Attribute::Int(0))];
                self.file.node("Concat", &[&head, &tail], &all, &axis);
                let inputs = [name, "", "", &all];
                self.file.node("Resize", &inputs, &out, &attributes);
            }
        }
        let y = Map::make(x.c, x.h * 2, x.w * 2, |c, y, x_| {
            x.at(c, y as isize / 2, x_ as isize / 2)
        });
        (out, y)
    }

    fn concat(&mut self, list: &[(&str, &Map)]) -> (String, Map) {
        let out = self.name();
        let names: Vec<&str> = list.iter().map(|l| l.0).collect();
        let axis = [("axis", Attribute::Int(1))];
        self.file.node("Concat", &names, &out, &axis);
        let (h, w) = (list[0].1.h, list[0].1.w);
        let v: Vec<f64> = list.iter().flat_map(|l| l.1.v.clone()).collect();
        (
            out,
            Map {
                c: v.len() / h / w,
                h,
                w,
                v,
            },
        )
    }

    /// Channels last, in rows of `row`; no output yet.
    fn rows(&mut self, (name, x): (&str, &Map), row: usize) -> (String, Vec<f64>) {
        let (turned, out) = (self.name(), self.name());
        let perm = [("perm", ints(&[0, 2, 3, 1]))];
        self.file.node("Transpose", &[name], &turned, &perm);
        let shape = format!("{out}.shape");
        self.file.ints(&shape, &[1, -1, row as i64]);
        self.file.node("Reshape", &[&turned, &shape], &out, &[]);
        (out, x.last())
    }
}

/// Every kind of operation, every way to end, channels that do and do not fill blocks.
fn every_kind(seed: u64, size: Size, wide: usize) -> (Vec<u8>, Vec<f32>, Vec<Vec<f64>>) {
    let mut t = Tiny::new(seed);
    let (h, w) = (size.height as usize, size.width as usize);
    let input = t.dice.floats(3 * h * w);
    let picture = Map {
        c: 3,
        h,
        w,
        v: input.iter().map(|&v| f64::from(v)).collect(),
    };
    let odd = 1 + t.dice.below(wide);
    let (n, x) = t.conv(("picture", &picture), wide, 3, 2);
    let (n, x) = t.act((&n, &x), None);
    let (n, x) = t.conv((&n, &x), 0, 3, 1);
    let (n, x) = t.act((&n, &x), Some(0.1));
    let (n, x) = t.conv((&n, &x), odd, 1, 1);
    let (pooled, x) = t.pool((&n, &x));
    // A residual block.
    let (n, y) = t.conv((&pooled, &x), 0, 3, 1);
    let (n, y) = t.conv((&n, &y), odd, 1, 1);
    let (n, y) = t.act((&n, &y), None);
    let (quarter, x) = t.add((&n, &y), (&pooled, &x));
    // Down, and up again in both ways.
    let (n, y) = t.conv((&quarter, &x), 0, 3, 2);
    let (n, y) = t.conv((&n, &y), odd, 3, 1);
    let (eighth, y) = t.act((&n, &y), Some(0.25));
    let (n, u) = t.up((&eighth, &y), None);
    let (sum, x) = t.add((&quarter, &x), (&n, &u));
    let (sixteenth, z) = t.pool((&eighth, &y));
    let (n, u) = t.up((&sixteenth, &z), Some(&eighth));
    let (low, y) = t.add((&n, &u), (&eighth, &y));
    let (n, d) = t.deconv((&low, &y), wide / 2 + 3);
    let (doubled, d) = t.act((&n, &d), None);
    // A concatenation with an activation behind it.
    let (a, xa) = t.conv((&sum, &x), 32, 3, 1);
    let (b, xb) = t.conv((&sum, &x), 16, 1, 1);
    let (c, xc) = t.conv((&doubled, &d), 5, 1, 1);
    let (n, x) = t.concat(&[(&a, &xa), (&b, &xb), (&c, &xc)]);
    let (n, x) = t.act((&n, &x), None);
    // Small heads, which are merged: direct, and through depthwise convolutions.
    let mut expected = vec![];
    let (map, m) = t.conv((&n, &x), 2, 1, 1);
    t.file.output(&map);
    expected.push(m.v.clone());
    let (n1, m) = t.conv((&n, &x), 4, 1, 1);
    let sigmoid = t.name();
    t.file.node("Sigmoid", &[&n1], &sigmoid, &[]);
    t.file.output(&sigmoid);
    expected.push(m.v.iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect());
    let mut rows = vec![];
    for (n, x) in [(&low, &y), (&low, &y), (&sixteenth, &z)] {
        let (h1, m) = t.conv((n, x), 4, 1, 1);
        let (h2, m) = t.conv((&h1, &m), 0, 3, 1);
        rows.push(t.rows((&h2, &m), 2));
    }
    let names: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    let (all, soft) = (t.name(), t.name());
    let axis = |n| [("axis", Attribute::Int(n))];
    t.file.node("Concat", &names, &all, &axis(1));
    t.file.node("Softmax", &[&all], &soft, &axis(2));
    t.file.output(&soft);
    t.file.output(&doubled);
    let mut soft: Vec<f64> = rows.iter().flat_map(|r| r.1.clone()).collect();
    for pair in soft.chunks_exact_mut(2) {
        let sum: f64 = pair.iter().map(|v| v.exp()).sum();
        pair.iter_mut().for_each(|v| *v = v.exp() / sum);
    }
    expected.push(soft);
    expected.push(d.v);
    (t.file.bytes(), input, expected)
}

/// What the text detector has beside that: wide windows, gates, a pyramid that is put together.
fn gated(seed: u64, size: Size, wide: usize) -> (Vec<u8>, Vec<f32>, Vec<Vec<f64>>) {
    let mut t = Tiny::new(seed);
    let (h, w) = (size.height as usize, size.width as usize);
    let input = t.dice.floats(3 * h * w);
    let v = input.iter().map(|&v| f64::from(v)).collect();
    let picture = Map { c: 3, h, w, v };
    let (n, x) = t.conv(("picture", &picture), wide, 3, 2);
    let (n, x) = t.swish((&n, &x), None);
    let (n, x) = t.conv((&n, &x), 0, 5, 1);
    let (n, x) = t.swish((&n, &x), Some(-0.5));
    let (n, x) = t.conv((&n, &x), 0, 5, 2);
    let (n, x) = t.squeeze((&n, &x), 3);
    let (quarter, x) = t.conv((&n, &x), wide, 1, 1);
    let (eighth, y) = t.conv((&quarter, &x), 0, 5, 2);
    let (n, z) = t.conv((&eighth, &y), 0, 3, 2);
    let (sixteenth, z) = t.swish((&n, &z), Some(0.25));
    // Down the pyramid, each level gated.
    let (a, xa) = t.conv((&quarter, &x), wide, 1, 1);
    let (a, xa) = t.squeeze((&a, &xa), 2);
    let (b, xb) = t.conv((&eighth, &y), wide, 1, 1);
    let (b, xb) = t.squeeze((&b, &xb), 2);
    let (c, xc) = t.squeeze((&sixteenth, &z), 2);
    let (up, u) = t.repeat((&c, &xc), 2);
    let (b, xb) = t.add((&b, &xb), (&up, &u));
    let (up, u) = t.repeat((&b, &xb), 2);
    let (a, xa) = t.add((&up, &u), (&a, &xa));
    // Together again: gates that are repeated on the way, a plain repetition, a gate alone.
    let mut parts = vec![];
    for (n, x, times) in [(&c, &xc, 4), (&b, &xb, 2), (&a, &xa, 1)] {
        let (n, x) = t.conv((n, x), 8, 3, 1);
        let (n, x) = t.squeeze((&n, &x), 2);
        parts.push(match times {
            1 => (n, x),
            _ => t.repeat((&n, &x), times),
        });
    }
    parts.push(t.repeat((&sixteenth, &z), 4));
    let parts: Vec<(&str, &Map)> = parts.iter().map(|(n, x)| (n.as_str(), x)).collect();
    let (n, x) = t.concat(&parts);
    let (n, x) = t.conv((&n, &x), 4, 3, 1);
    t.file.output(&n);
    (t.file.bytes(), input, vec![x.v])
}

fn compare(seed: u64, size: Size, wide: usize) {
    agree(every_kind(seed, size, wide), seed, size, wide);
    agree(gated(seed, size, wide), seed, size, wide);
}

/// A network, its input and its outputs.
type Case = (Vec<u8>, Vec<f32>, Vec<Vec<f64>>);

fn agree((model, input, expected): Case, seed: u64, size: Size, wide: usize) {
    let input = Planes::new(size, input).unwrap();
    for kernels in kernels::tested() {
        let most = match kernels.narrows(kernels::NARROW_FROM, 1) {
            true => 1e-3,
            false => 1e-4,
        };
        for fuse in [true, false] {
            let outputs = run(&model, fuse, kernels, &input).unwrap();
            assert_eq!(outputs.len(), expected.len());
            for (i, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
                let expected: Vec<f32> = expected.iter().map(|&v| v as f32).collect();
                let off = worst(output, &expected);
                assert!(
                    off < most,
                    "output {i}, seed {seed}, {wide} channels, {}: {off:e}",
                    kernels.name()
                );
            }
        }
    }
}

#[test]
fn a_network_of_every_kind_computes_what_naive_loops_do() {
    compare(1, Size::new(32, 32), 5);
}

#[test]
#[cfg(not(miri))]
fn networks_of_many_widths_compute_what_naive_loops_do() {
    let mut dice = Dice(7);
    for seed in 0..12 {
        let size = Size::new(
            32 * (1 + dice.below(3) as u32),
            32 * (1 + dice.below(3) as u32),
        );
        // Half blocks of sixteen lanes are 17 to 24 channels, 49 to 56.
        let wide = [8, 16, 17, 24, 25, 32, 40, 52][seed as usize % 8];
        compare(seed, size, wide);
    }
}
