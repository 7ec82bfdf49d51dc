//! Runs a lowered network at one picture size.
//!
//! A chain is executed a few rows at a time from its end: each op makes only the rows the next one
//! is about to read, into a ring of rows small enough for the L2 cache. No row is made twice. Only
//! tensors between chains are whole pictures; they share slots once their last reader has run.

use super::kernels::{Args, Kernels, Row};
use super::plan::{Kind, Net, Op};

/// Cache-line aligned floats.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

#[derive(Default)]
struct Floats(Vec<Line>);

impl Floats {
    fn zeros(n: usize) -> Self {
        Self(vec![Line([0.0; 16]); n.div_ceil(16)])
    }
    fn from_slice(v: &[f32]) -> Self {
        let mut f = Self::zeros(v.len());
        f.as_mut_slice()[..v.len()].copy_from_slice(v);
        f
    }
    fn as_slice(&self) -> &[f32] {
        // SAFETY: Line is 16 floats without padding.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
    fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }
}

/// Weights in kernel order. Shared by all sessions of a network.
pub struct Packed {
    net: Net,
    kernels: &'static Kernels,
    w: Vec<Floats>,
    bias: Vec<Floats>,
}

impl Packed {
    pub fn new(mut net: Net, kernels: &'static Kernels) -> Self {
        let l = kernels.lanes;
        let (mut w, mut bias) = (vec![], vec![]);
        for op in &mut net.ops {
            let mut b = op.bias.clone();
            b.resize(op.oc.next_multiple_of(l), 0.0);
            bias.push(Floats::from_slice(&b));
            w.push(Floats::from_slice(&pack(op, kernels)));
            (op.w, op.bias) = (vec![], vec![]);
        }
        Self {
            net,
            kernels,
            w,
            bias,
        }
    }
}

/// [pair of channel blocks][tap][input channel][channel of the pair], zeros where there is none.
fn pack_gemm(
    ic: usize,
    oc: usize,
    taps: usize,
    l: usize,
    pad: usize,
    at: impl Fn(usize, usize, usize) -> f32,
) -> Vec<f32> {
    let mut out = vec![];
    for pair in (0..oc).step_by(2 * l) {
        let end = (pair + 2 * l).min(oc.next_multiple_of(pad).max(pair + l));
        for tap in 0..taps {
            for i in 0..ic {
                out.extend((pair..end).map(|o| if o < oc { at(o, i, tap) } else { 0.0 }));
            }
        }
    }
    out
}

fn pack(op: &Op, kernels: &Kernels) -> Vec<f32> {
    let (w, ic, oc, l, pad) = (&op.w, op.ic, op.oc, kernels.lanes, kernels.pad);
    match op.kind {
        Kind::Gemm => pack_gemm(ic, oc, op.k * op.k, l, pad, |o, i, t| {
            w[(o * ic + i) * op.k * op.k + t]
        }),
        // Order [ky][input channel][kx].
        Kind::First => pack_gemm(9, oc, ic, l, l, |o, i, t| {
            let n = t * 9 + i;
            let (ky, c, kx) = (n / (3 * ic), n / 3 % ic, n % 3);
            w[((o * ic + c) * 3 + ky) * 3 + kx]
        }),
        // One 1x1 convolution per output position.
        Kind::Deconv => (0..4)
            .flat_map(|d| pack_gemm(ic, oc, 1, l, pad, |o, i, _| w[(i * oc + o) * 4 + d]))
            .collect(),
        Kind::Depthwise => (0..oc.next_multiple_of(l) * 9)
            .map(|n| {
                let (c, tap) = (n / (9 * l) * l + n % l, n / l % 9);
                if c < oc { w[c * 9 + tap] } else { 0.0 }
            })
            .collect(),
        Kind::MaxPool | Kind::AddUp => vec![],
    }
}

/// Where rows of a tensor live: `rows` of them, row r in place r % rows.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    slot: usize,
    offset: usize,
    rows: usize,
    pitch: usize,
    cb: usize,
}

struct Chain {
    ops: Vec<usize>,
    /// Rows of the last op per step.
    step: usize,
}

pub struct Session {
    packed: std::sync::Arc<Packed>,
    size: Vec<(usize, usize)>,
    place: Vec<Place>,
    chains: Vec<Chain>,
    /// Slot 0 holds the rings, the padded rows of the first layer and the zero row.
    slots: Vec<Floats>,
    /// Ring of padded input rows, and how many rows of the picture have been through it.
    input_at: usize,
    input_rows: usize,
    input_done: usize,
    zero_row: usize,
    /// Least milliseconds seen per op; filled if set to `Some`.
    pub profile: Option<Vec<f64>>,
}

fn out_size(op: &Op, (h, w): (usize, usize)) -> (usize, usize) {
    match op.kind {
        Kind::Deconv | Kind::AddUp => (h * 2, w * 2),
        _ => (
            (h + 2 * op.pad - op.k) / op.stride + 1,
            (w + 2 * op.pad - op.k) / op.stride + 1,
        ),
    }
}

/// Input rows needed for the output rows before `upto`.
fn reach(op: &Op, upto: usize, in_h: usize) -> usize {
    ((upto - 1) * op.stride + op.k - op.pad).min(in_h)
}

/// Most rows of each op's output alive at once (and made at once), for a given step.
fn ring_rows(ops: &[&Op], heights: &[usize], step: usize) -> (Vec<usize>, Vec<usize>) {
    let n = ops.len();
    let (mut done, mut rows, mut made) = (vec![0; n], vec![0; n], vec![0; n]);
    let mut end = 0;
    while end < heights[n - 1] {
        end = (end + step).min(heights[n - 1]);
        let mut need = vec![end; n];
        for i in (1..n).rev() {
            need[i - 1] = reach(ops[i], need[i], heights[i - 1]);
        }
        for i in 0..n {
            let oldest = if i + 1 < n {
                (done[i + 1] * ops[i + 1].stride).saturating_sub(ops[i + 1].pad)
            } else {
                done[i]
            };
            rows[i] = rows[i].max(need[i] - oldest.min(need[i]));
            made[i] = made[i].max(need[i] - done[i]);
        }
        done = need;
    }
    (rows, made)
}

impl Session {
    pub fn new(packed: std::sync::Arc<Packed>, h: usize, w: usize, budget: usize) -> Self {
        assert!(
            h > 0 && w > 0 && h % 32 == 0 && w % 32 == 0,
            "picture sides must be multiples of 32"
        );
        let net = &packed.net;
        let l = packed.kernels.lanes;
        let n = net.channels.len();
        let mut size = vec![(0, 0); n];
        size[0] = (h, w);
        for op in &net.ops {
            size[op.dst] = out_size(op, size[op.src]);
        }
        let pitch = |t: usize| (size[t].1 + 2) * l;
        let blocks = |t: usize| net.channels[t].div_ceil(l);
        let floats_per_row = |t: usize| pitch(t) * blocks(t);
        let mut place = vec![Place::default(); n];
        let mut ring = vec![false; n];
        let mut chains = vec![];
        let (mut scratch, mut input_at, mut input_rows) = (0, 0, 0);

        // Rings, reusing the same memory for every chain.
        for ops in &net.chains {
            let list: Vec<&Op> = ops.iter().map(|&i| &net.ops[i]).collect();
            let heights: Vec<usize> = list.iter().map(|o| size[o.dst].0).collect();
            let last = list[list.len() - 1];
            let cost = |step: usize| {
                let (rows, made) = ring_rows(&list, &heights, step);
                let rings: usize = list
                    .iter()
                    .zip(&rows)
                    .map(|(o, r)| r * floats_per_row(o.dst))
                    .sum();
                let src = if list[0].src == 0 {
                    0
                } else {
                    (made[0] * list[0].stride + 2) * floats_per_row(list[0].src)
                };
                (rings + src) * 4
            };
            let h = size[last.dst].0;
            let mut step = 1;
            while step < h && cost(step + 1) <= budget {
                step += 1;
            }
            let step = h.div_ceil(h.div_ceil(step)); // steps of equal size
            let (rows, made) = ring_rows(&list, &heights, step);
            let mut at = 0;
            for (o, rows) in list.iter().zip(rows).take(list.len() - 1) {
                place[o.dst] = Place {
                    slot: 0,
                    offset: at,
                    rows,
                    pitch: pitch(o.dst),
                    cb: rows * pitch(o.dst),
                };
                ring[o.dst] = true;
                at += rows * floats_per_row(o.dst);
            }
            if list[0].kind == Kind::First {
                (input_at, input_rows) = (at, made[0] * 2 + 1);
                at += input_rows * 3 * (w + 2);
            }
            scratch = scratch.max(at);
            chains.push(Chain {
                ops: ops.clone(),
                step,
            });
        }
        let zero_row = scratch.next_multiple_of(16);
        let widest = (1..n).map(pitch).max().unwrap_or(0).max(w + 2);

        // Whole tensors: the smallest free slot that fits, else the largest one grown, else a new one.
        let last_use = |t: usize| {
            let out = net
                .outputs
                .iter()
                .any(|o| o.tensor == t || o.parts.iter().any(|p| p.0 == t));
            let reads = |c: &Vec<usize>| {
                c.iter()
                    .any(|&i| net.ops[i].src == t || net.ops[i].res == Some(t))
            };
            if out {
                usize::MAX
            } else {
                net.chains.iter().rposition(reads).unwrap_or(0)
            }
        };
        let mut sizes = vec![zero_row + widest];
        let mut busy_until = vec![usize::MAX];
        for (ci, ops) in net.chains.iter().enumerate() {
            let t = net.ops[ops[ops.len() - 1]].dst;
            if place[t].pitch > 0 {
                continue; // already placed by an earlier part of a concatenation
            }
            let need = size[t].0 * floats_per_row(t);
            let free = (1..sizes.len()).filter(|&s| busy_until[s] < ci || busy_until[s] == 0);
            let slot = free
                .min_by_key(|&s| (sizes[s] < need, sizes[s].abs_diff(need)))
                .unwrap_or_else(|| {
                    sizes.push(0);
                    busy_until.push(0);
                    sizes.len() - 1
                });
            sizes[slot] = sizes[slot].max(need);
            busy_until[slot] = last_use(t);
            place[t] = Place {
                slot,
                offset: 0,
                rows: size[t].0,
                pitch: pitch(t),
                cb: size[t].0 * pitch(t),
            };
        }
        let slots = sizes.into_iter().map(Floats::zeros).collect();
        Self {
            packed,
            size,
            place,
            chains,
            slots,
            input_at,
            input_rows,
            input_done: 0,
            zero_row,
            profile: None,
        }
    }

    pub fn bytes(&self) -> usize {
        self.slots.iter().map(|s| s.0.len() * 64).sum()
    }

    /// Prints the plan, with the profile if there is one.
    pub fn describe(&self) {
        for (n, chain) in self.chains.iter().enumerate() {
            for &i in &chain.ops {
                let o = &self.packed.net.ops[i];
                let (h, w) = self.size[o.dst];
                let per_pixel = match o.kind {
                    Kind::First | Kind::Gemm => o.ic * o.oc * o.k * o.k,
                    Kind::Deconv => o.ic * o.oc,
                    Kind::Depthwise => o.oc * 9,
                    Kind::MaxPool | Kind::AddUp => 0,
                };
                let ms = self.profile.as_ref().map_or(0.0, |p| p[i]);
                let gflops = (2 * per_pixel * h * w) as f64 * 1e-6 / ms;
                let res = if o.res.is_some() { " + residual" } else { "" };
                println!(
                    "chain {n:2} step {:3} {ms:7.3} ms {gflops:6.1} GFLOP/s  {:?} {}x{} s{} {}->{} @{h}x{w}{res}",
                    chain.step, o.kind, o.k, o.k, o.stride, o.ic, o.oc
                );
            }
        }
    }

    fn row(&self, t: usize, r: usize) -> usize {
        let p = &self.place[t];
        p.offset + r % p.rows * p.pitch
    }

    /// Makes rows a..b of op `i`.
    fn produce(&mut self, i: usize, a: usize, b: usize, input: &[f32], rows: &mut Vec<Row>) {
        let packed = self.packed.clone();
        let (op, l) = (&packed.net.ops[i], packed.kernels.lanes);
        let (in_h, in_w) = self.size[op.src];
        let width = self.size[op.dst].1;
        let base: Vec<*mut f32> = self
            .slots
            .iter_mut()
            .map(|s| s.as_mut_slice().as_mut_ptr())
            .collect();
        let ptr = |t: usize, off: usize| unsafe { base[self.place[t].slot].add(off) };
        let zero = unsafe { base[0].add(self.zero_row) }.cast_const();
        let block0 = op.dst_c / l;
        let (sp, dp) = (self.place[op.src], self.place[op.dst]);
        rows.clear();
        for r in a..b {
            let mut src = [zero; 3];
            let mut src_cb = [0; 3];
            for k in 0..op.k.min(3) {
                let y = (r * op.stride + k).wrapping_sub(op.pad);
                if y >= in_h {
                    continue; // above or below the picture
                }
                if op.kind == Kind::First {
                    // A copy of the planar rows with zero borders.
                    let pitch = in_w + 2;
                    let at = self.input_at + y % self.input_rows * 3 * pitch;
                    let ring = unsafe { base[0].add(at) };
                    if y >= self.input_done {
                        let dst = unsafe { std::slice::from_raw_parts_mut(ring, 3 * pitch) };
                        for (d, plane) in dst
                            .chunks_exact_mut(pitch)
                            .zip(input.chunks_exact(in_h * in_w))
                        {
                            d[1..=in_w].copy_from_slice(&plane[y * in_w..][..in_w]);
                            (d[0], d[in_w + 1]) = (0.0, 0.0);
                        }
                        self.input_done = y + 1;
                    }
                    (src[k], src_cb[k]) = (ring, pitch);
                } else {
                    (src[k], src_cb[k]) = (ptr(op.src, self.row(op.src, y)), sp.cb);
                }
            }
            let dst = unsafe { ptr(op.dst, self.row(op.dst, r)).add(block0 * dp.cb) };
            let res = op
                .res
                .map_or(std::ptr::null(), |t| ptr(t, self.row(t, r)).cast_const());
            rows.push(Row {
                src,
                src_cb,
                dst,
                res,
            });
        }
        let mut args = Args {
            rows: &[],
            w: packed.w[i].as_slice(),
            bias: packed.bias[i].as_slice(),
            act: op.act,
            ic: op.ic,
            oc: op.oc,
            k: op.k,
            stride: op.stride,
            width,
            dst_px: 1,
            dst_cb: dp.cb,
            res_cb: op.res.map_or(0, |t| self.place[t].cb),
        };
        let k = packed.kernels;
        // SAFETY: `place` gave every tensor rows of (width + 2) * L floats for each channel block, all
        // rows handed over exist in their ring, and `kernels` was picked for this CPU.
        unsafe {
            match op.kind {
                Kind::First => (k.first)(&Args { rows, ..args }),
                Kind::Gemm => (k.gemm)(&Args { rows, ..args }),
                Kind::Depthwise => (k.depthwise)(&Args { rows, ..args }),
                Kind::MaxPool => (k.maxpool)(&Args { rows, ..args }),
                Kind::AddUp => {
                    for (n, row) in (a..b).zip(rows.iter_mut()) {
                        row.src[0] = ptr(op.src, self.row(op.src, n / 2));
                        row.src_cb[0] = sp.cb;
                    }
                    (k.add_up)(&Args { rows, ..args });
                }
                Kind::Deconv => {
                    // Rows a..b are input rows here; each makes two output rows of two interleaved halves.
                    let len = args.w.len() / 4;
                    (args.width, args.dst_px, args.k) = (in_w, 2, 1);
                    for d in 0..4 {
                        for (n, row) in (a..b).zip(rows.iter_mut()) {
                            row.src[0] = ptr(op.src, self.row(op.src, n));
                            row.src_cb[0] = sp.cb;
                            row.dst = ptr(op.dst, self.row(op.dst, 2 * n + d / 2)).add(d % 2 * l);
                        }
                        let w = &packed.w[i].as_slice()[d * len..];
                        (k.gemm)(&Args { rows, w, ..args });
                    }
                }
            }
            // Border pixels: buffers are shared between shapes, so they are set with every row.
            let (a, b) = if op.kind == Kind::Deconv {
                (2 * a, 2 * b)
            } else {
                (a, b)
            };
            for r in a..b {
                for cb in block0..block0 + op.oc.div_ceil(l) {
                    let p = ptr(op.dst, self.row(op.dst, r) + cb * dp.cb);
                    std::slice::from_raw_parts_mut(p, l).fill(0.0);
                    std::slice::from_raw_parts_mut(p.add((width + 1) * l), l).fill(0.0);
                }
            }
        }
    }

    /// Input: planar [3][h][w]. Returns the outputs in the order of the file.
    pub fn run(&mut self, input: &[f32]) -> Vec<Vec<f32>> {
        let (h, w) = self.size[0];
        assert_eq!(input.len(), 3 * h * w);
        let packed = self.packed.clone();
        self.input_done = 0;
        let mut rows = vec![];
        let mut spent = vec![0.0; packed.net.ops.len()];
        for c in 0..self.chains.len() {
            let ops = std::mem::take(&mut self.chains[c].ops);
            let n = ops.len();
            let op = |i: usize| &packed.net.ops[ops[i]];
            let deconv = op(0).kind == Kind::Deconv;
            let total = if deconv {
                self.size[op(0).src].0
            } else {
                self.size[op(n - 1).dst].0
            };
            let (mut done, mut need) = (vec![0; n], vec![0; n]);
            while done[n - 1] < total {
                need[n - 1] = (done[n - 1] + self.chains[c].step).min(total);
                for i in (1..n).rev() {
                    need[i - 1] = reach(op(i), need[i], self.size[op(i).src].0);
                }
                for i in 0..n {
                    if need[i] > done[i] {
                        let start = self.profile.is_some().then(std::time::Instant::now);
                        self.produce(ops[i], done[i], need[i], input, &mut rows);
                        spent[ops[i]] += start.map_or(0.0, |s| s.elapsed().as_secs_f64() * 1e3);
                        done[i] = need[i];
                    }
                }
            }
            self.chains[c].ops = ops;
        }
        if let Some(p) = &mut self.profile {
            p.resize(spent.len(), f64::MAX);
            p.iter_mut().zip(spent).for_each(|(p, s)| *p = p.min(s));
        }
        packed.net.outputs.iter().map(|o| self.output(o)).collect()
    }

    fn output(&self, o: &super::plan::Output) -> Vec<f32> {
        let l = self.packed.kernels.lanes;
        let mut out = vec![];
        for (t, c0) in std::iter::once((o.tensor, o.c0)).chain(o.parts.iter().copied()) {
            let (h, w) = self.size[t];
            let p = &self.place[t];
            let data = self.slots[p.slot].as_slice();
            let at = |y: usize, x: usize, c: usize| {
                data[y * p.pitch + (c0 + c) / l * p.cb + (x + 1) * l + (c0 + c) % l]
            };
            if o.channels_last {
                for y in 0..h {
                    for x in 0..w {
                        out.extend((0..o.channels).map(|c| at(y, x, c)));
                    }
                }
            } else {
                for c in 0..o.channels {
                    for y in 0..h {
                        out.extend((0..w).map(|x| at(y, x, c)));
                    }
                }
            }
        }
        if o.sigmoid {
            out.iter_mut().for_each(|v| *v = 1.0 / (1.0 + (-*v).exp()));
        }
        if o.softmax > 0 {
            for px in out.chunks_exact_mut(o.softmax) {
                let m = px.iter().fold(f32::MIN, |a, &b| a.max(b));
                px.iter_mut().for_each(|v| *v = (*v - m).exp());
                let sum: f32 = px.iter().sum();
                px.iter_mut().for_each(|v| *v /= sum);
            }
        }
        out
    }
}
