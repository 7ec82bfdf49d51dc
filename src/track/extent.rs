//! How far something reaches in a frame: its upright box and, where it has corners, the box that
//! lies as it does. Every step is done to both, so that either can be covered.
//!
//! Invariant: the upright box is the same whether there is another one or not.

use super::leaning::Leaning;
use crate::geometry::{Point, Quad, Rect};

/// Most that writing turns between two sightings, radians, 25 degrees: beyond that it may have
/// turned either way.
pub(super) const MOST_TURN: f64 = 0.436;

/// Where something is, or may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub(super) area: Rect,
    /// As it lies; `None` where that is not known.
    pub(super) leaning: Option<Leaning>,
}

impl Extent {
    /// Of which nothing but a box is known.
    pub(super) const fn upright(area: Rect) -> Self {
        Self {
            area,
            leaning: None,
        }
    }

    /// The corners to cover; `None` where the upright box is no larger, or all that is known.
    pub(super) fn corners(&self) -> Option<Quad> {
        let leaning = self.leaning?;
        let is_smaller = leaning.sides().area() < self.area.area();
        leaning.corners().filter(|_| is_smaller)
    }

    /// Moved by so many pixels.
    pub(super) fn moved(&self, x: f32, y: f32) -> Self {
        Self {
            area: self.area.mapped(x, y, 1.0, 1.0).unwrap_or(self.area),
            leaning: self.leaning.and_then(|l| l.moved(x, y)),
        }
    }

    /// Sides times a factor of 1 or more; one that leans is padded by as much as its
    /// upright box is then.
    pub(super) fn grown(&self, factor: f32) -> Self {
        let half = (factor - 1.0) * 0.5;
        let (x, y) = (self.area.width() * half, self.area.height() * half);
        Self {
            area: self.area.grown(factor),
            leaning: self.leaning.and_then(|l| l.padded(x, y)),
        }
    }

    /// Around both; it lies as this one does.
    pub(super) fn union(&self, other: &Self) -> Self {
        let pair = self.leaning.zip(other.leaning);
        Self {
            area: self.area.union(&other.area),
            leaning: pair.and_then(|(a, b)| a.union(&b)),
        }
    }

    /// Part of the way from one to another, padded for a turn that is ahead or behind.
    pub(super) fn mixed(a: &Self, b: &Self, share: f32) -> Self {
        let pair = a.leaning.zip(b.leaning);
        Self {
            area: mixed(&a.area, &b.area, share),
            leaning: pair.and_then(|(a, b)| between(&a, &b, share)),
        }
    }
}

fn between(a: &Leaning, b: &Leaning, share: f32) -> Option<Leaning> {
    let b = b.near(a.angle())?;
    let turn = b.angle() - a.angle();
    if turn.abs() > MOST_TURN {
        return None;
    }
    let (p, q) = (a.center(), b.center());
    let middle = Point::new(mix(p.x, q.x, share), mix(p.y, q.y, share));
    let sides = [
        mix_side(a.sides().width(), b.sides().width(), share),
        mix_side(a.sides().height(), b.sides().height(), share),
    ];
    let share = f64::from(share);
    let there = Leaning::new(a.angle() + turn * share, middle, sides)?;
    there.unsure(turn * share.min(1.0 - share))
}

fn mix(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}

fn mix_side(a: f32, b: f32, share: f32) -> f32 {
    match a > 0.0 && b > 0.0 {
        true => a * (b / a).powf(share),
        false => mix(a, b, share),
    }
}

/// Part of the way from one box to another: linear for the middle, and for the logarithm of the
/// sides.
pub(super) fn mixed(a: &Rect, b: &Rect, share: f32) -> Rect {
    let (w, h) = (
        mix_side(a.width(), b.width(), share),
        mix_side(a.height(), b.height(), share),
    );
    let (x, y) = (
        mix(a.center().x, b.center().x, share),
        mix(a.center().y, b.center().y, share),
    );
    Rect::new(x - w * 0.5, y - h * 0.5, w, h).unwrap_or_else(|| a.union(b))
}
