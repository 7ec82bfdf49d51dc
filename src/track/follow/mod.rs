//! Follows one box that a person drew through frame after frame, forward or back, by its looks, and
//! by faces where the box has one. What it is for is covering what no detector found, so it would
//! rather stop than go astray: a place counts only if it looks like the box before, and if from
//! there the way back leads to where the box was.
//!
//! Invariant: every box that is given was seen, or lies between two that were, or on the way out of
//! the picture; nothing is followed across a scene cut.

mod patch;
#[cfg(test)]
mod tests;

use super::cut::Glimpse;
use crate::error::{Error, ErrorKind, Result};
use crate::geometry::{Rect, Size};
use crate::picture::{Picture, RgbImage};
use patch::Patch;

/// Why a box is followed no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It left the picture.
    Left,
    /// Another scene begins.
    Cut,
    /// It may be hidden, or look different: a person has to say where it is.
    Unsure,
}

/// Boxes are followed in frames no larger than this many pixels for each of the shorter side of the
/// box: more is to no avail.
const DETAIL: f32 = 56.0;
/// Least sides of frames, however large the box is.
const LEAST_LONGEST: u32 = 320;

/// How far away it is looked for, in sides of the box; more for each frame in which it was not
/// seen.
const REACH: f32 = 0.55;
const MORE_REACH: f32 = 0.15;
const MOST_REACH: f32 = 1.2;
/// Likeness from which a place is believed; after frames in which it was not seen; where a face is.
const SURE: f32 = 0.6;
const SURE_AGAIN: f32 = 0.7;
const SURE_WITH_FACE: f32 = 0.3;
/// Likeness to the looks where it was drawn, or where a face was seen last: slowly it may have
/// become something else.
const LIKE_CONFIRMED: f32 = 0.45;
/// The way back may miss by so much of a side.
const MISSES: f32 = 0.16;
/// How far the way back is looked for, in sides.
const REACH_BACK: f32 = 0.35;
/// Share of the newest looks in what is looked for.
const LEARNED: f32 = 0.12;
const LEARNED_WITH_FACE: f32 = 0.3;
/// Seconds without being seen after which it is lost.
const PATIENCE: f64 = 0.3;
/// Every so many frames faces are looked for where all is well, too.
const FACES_EVERY: usize = 6;
/// Overlap of where the box would be on a face with where it is expected.
const SAME: f32 = 0.4;
/// Overlap of the box with the face in it where it is drawn.
const HAS_FACE: f32 = 0.25;
/// A face is this many times as large as it was in the frame before, or smaller by it, at most.
const MOST_RESIZED: f32 = 1.35;
/// Size against where it was drawn that nobody believes.
const MOST_GROWN: f32 = 6.0;
/// Share of a box in the picture below which it is leaving.
const LEAVING: f32 = 0.45;
/// The same for one that is not seen any more and moves out.
const LEAVING_UNSEEN: f32 = 0.9;
/// Longest way out of the picture, seconds.
const WAY_OUT: f64 = 1.0;

/// By so much followed boxes are larger than the one that was drawn, and by so much of a side
/// [`BoxFollower::keyframes`] may be off: together they cover what was followed.
const GROWTH: f32 = 1.2;
const SLACK: f32 = 0.045;

/// Where the faces of a picture are.
pub type FindFaces<'a> = &'a dyn Fn(&dyn Picture) -> Result<Vec<Rect>>;

/// A box that is followed. Frames and boxes are those of pictures of one size; frames are counted
/// from the one in which it was drawn.
#[derive(Clone, Debug)]
pub struct BoxFollower {
    drawn: Rect,
    /// What is looked for.
    looks: Patch,
    /// Its looks where a person or a face said that this is it.
    confirmed: Patch,
    /// From the middle of the face to that of the box in sides of the face, and the sides of the
    /// box in those of the face.
    on_face: Option<[f32; 4]>,
    /// Where it is, frame by frame.
    places: Vec<Rect>,
    /// The last frame in which it was seen.
    last: RgbImage,
    glimpse: Glimpse,
    /// Pixels a frame.
    velocity: [f32; 2],
    /// Frames since in which it was not seen, and how many of them seem to be of another scene.
    unseen: usize,
    elsewhere: usize,
    patience: usize,
    way_out: usize,
    /// Since faces were looked for.
    since_faces: usize,
}

impl BoxFollower {
    /// The longer side of the pictures in which such a box of a picture of this size should be
    /// followed: enough to recognise it, and no more.
    #[must_use]
    pub fn detail(size: Size, area: &Rect) -> u32 {
        let shorter = area.width().min(area.height()).max(1.0);
        let wanted = size.longest() as f32 * DETAIL / shorter;
        (wanted as u32).clamp(LEAST_LONGEST.min(size.longest()), size.longest())
    }

    /// A box as it is drawn in a picture; frames follow at `rate` a second.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there is nothing in it that could be recognised: it is too
    /// small, plain, or mostly outside of the picture; whatever `faces` gives.
    pub fn new(picture: RgbImage, drawn: Rect, rate: f64, faces: FindFaces<'_>) -> Result<Self> {
        let Some(looks) = Patch::new(&picture, &drawn)? else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "there is nothing in this box that could be recognised in other frames",
            ));
        };
        let found = faces_near(&picture, &drawn, faces)?;
        let face = found
            .iter()
            .filter(|face| {
                drawn.iou(face) >= HAS_FACE
                    || (drawn.holds(face.center()) && face.share_inside(&drawn) > 0.8)
            })
            .max_by(|a, b| drawn.iou(a).total_cmp(&drawn.iou(b)));
        let on_face = face.map(|face| {
            let (a, b) = (face.center(), drawn.center());
            let (width, height) = (face.width().max(1.0), face.height().max(1.0));
            [
                (b.x - a.x) / width,
                (b.y - a.y) / height,
                drawn.width() / width,
                drawn.height() / height,
            ]
        });
        let frames = |seconds: f64| (seconds * rate).round().clamp(2.0, 60.0) as usize;
        Ok(Self {
            drawn,
            confirmed: looks.clone(),
            looks,
            on_face,
            places: vec![drawn],
            glimpse: glimpse(&picture),
            last: picture,
            velocity: [0.0; 2],
            unseen: 0,
            elsewhere: 0,
            patience: frames(PATIENCE),
            way_out: frames(WAY_OUT),
            since_faces: 0,
        })
    }

    /// Looks for it in the next frame. Not to be called again once it gave an ending.
    ///
    /// # Errors
    /// Whatever `faces` gives.
    pub fn look(&mut self, picture: RgbImage, faces: FindFaces<'_>) -> Result<Option<Ending>> {
        let glimpse = glimpse(&picture);
        let is_elsewhere = self.glimpse.is_another_scene(&glimpse);
        let seen = match is_elsewhere {
            true => None,
            false => self.seen(&picture, faces)?,
        };
        let Some(area) = seen else {
            self.unseen += 1;
            self.elsewhere += usize::from(is_elsewhere);
            return Ok((self.unseen > self.patience).then(|| self.lost()));
        };
        self.take(area);
        self.last = picture;
        self.glimpse = glimpse;
        if area.share_inside(&Rect::of(self.last.size())) < LEAVING && self.moves_out() {
            self.leave();
            return Ok(Some(Ending::Left));
        }
        Ok(None)
    }

    /// Frames for which a place is known, with the one in which it was drawn.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.places.len()
    }

    /// No frame follows: what was not seen any more on its way out is taken to have left.
    pub fn end(&mut self) {
        if self.unseen > 0 && self.elsewhere == 0 && self.is_leaving() {
            self.leave();
        }
    }

    /// Of the first `most` frames those, and the box in each, between which a straight way leads
    /// through all places. They are larger than the box that was drawn by as much as it can be off.
    #[must_use]
    pub fn keyframes(&self, most: usize) -> Vec<(usize, Rect)> {
        let places = &self.places[..most.clamp(1, self.places.len())];
        let mut keys = vec![0];
        let mut at = 0;
        while at + 1 < places.len() {
            let fits = |to: &usize| {
                (at + 1..*to).all(|i| {
                    let share = (i - at) as f32 / (to - at) as f32;
                    is_near(&between(&places[at], &places[*to], share), &places[i])
                })
            };
            at = (at + 2..places.len())
                .take_while(fits)
                .last()
                .unwrap_or(at + 1);
            keys.push(at);
        }
        let grown = |frame: usize| match frame {
            0 => (0, places[0]),
            _ => (frame, places[frame].grown(GROWTH)),
        };
        keys.into_iter().map(grown).collect()
    }

    fn area(&self) -> Rect {
        self.places[self.places.len() - 1]
    }

    /// Where it should be now.
    fn expected(&self) -> Rect {
        let frames = (self.unseen + 1) as f32;
        let area = self.area();
        let [dx, dy] = self.velocity.map(|v| v * frames);
        area.mapped(dx, dy, 1.0, 1.0).unwrap_or(area)
    }

    /// Where it is in this frame, if that is sure.
    fn seen(&mut self, picture: &RgbImage, faces: FindFaces<'_>) -> Result<Option<Rect>> {
        let expected = self.expected();
        let reach = (REACH + MORE_REACH * self.unseen as f32).min(MOST_REACH);
        let found = self.looks.search(picture, &expected, reach)?;
        let least = if self.unseen == 0 { SURE } else { SURE_AGAIN };
        let mut by_looks = None;
        if let Some(found) = found.filter(|f| f.score >= least && self.is_like_drawn(&f.area))
            && self.confirmed.likeness(picture, &found.area)? >= LIKE_CONFIRMED
            && self.leads_back(picture, &found.area)?
        {
            by_looks = Some(found.area);
        }
        self.since_faces += 1;
        let is_due = by_looks.is_none() || self.since_faces >= FACES_EVERY;
        let mut by_face = None;
        if let (Some(on_face), true) = (self.on_face, is_due) {
            self.since_faces = 0;
            let near = by_looks.unwrap_or(expected);
            by_face = self.by_face(picture, &near, on_face, faces)?;
        }
        let (area, learned) = match (by_looks, by_face) {
            (Some(looks), Some(face)) => (between(&looks, &face, 0.5), LEARNED_WITH_FACE),
            (None, Some(face)) => (face, LEARNED_WITH_FACE),
            (Some(looks), None) => (looks, LEARNED),
            (None, None) => return Ok(None),
        };
        self.looks.learn(picture, &area, learned)?;
        if by_face.is_some()
            && let Some(now) = Patch::new(picture, &area)?
        {
            self.confirmed = now;
        }
        Ok(Some(area))
    }

    /// Where the box is on the only face near a place.
    fn by_face(
        &self,
        picture: &RgbImage,
        near: &Rect,
        [dx, dy, across, down]: [f32; 4],
        faces: FindFaces<'_>,
    ) -> Result<Option<Rect>> {
        let on = |face: &Rect| {
            let (middle, w, h) = (face.center(), face.width(), face.height());
            let (x, y) = (middle.x + dx * w, middle.y + dy * h);
            Rect::new(
                x - across * w / 2.0,
                y - down * h / 2.0,
                across * w,
                down * h,
            )
        };
        let all = faces_near(picture, near, faces)?;
        let mut near: Vec<(f32, Rect)> = all
            .iter()
            .filter_map(on)
            .map(|area| (near.iou(&area), area))
            .filter(|(same, area)| *same > 0.1 && self.is_like_drawn(area))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((same, area)) = near.first().copied() else {
            return Ok(None);
        };
        // Two faces that could be it are none.
        let is_alone = near.get(1).is_none_or(|(other, _)| *other < 0.5 * same);
        let resized = area.longest() / self.area().longest().max(1e-3);
        let fits = same >= SAME
            && is_alone
            && (1.0 / MOST_RESIZED..=MOST_RESIZED).contains(&resized)
            && self.looks.likeness(picture, &area)? >= SURE_WITH_FACE;
        Ok(fits.then_some(area))
    }

    /// Whether what is at a place now was where the box was then.
    fn leads_back(&self, picture: &RgbImage, area: &Rect) -> Result<bool> {
        let Some(now) = Patch::new(picture, area)? else {
            return Ok(false);
        };
        let before = self.area();
        // As large as it is now, where it was.
        let (a, b) = (area.center(), before.center());
        let there = area.mapped(b.x - a.x, b.y - a.y, 1.0, 1.0);
        let Some(back) = now.search(&self.last, &there.unwrap_or(before), REACH_BACK)? else {
            return Ok(false);
        };
        let (a, b) = (back.area.center(), before.center());
        Ok((a.x - b.x).hypot(a.y - b.y) <= MISSES * before.longest())
    }

    fn is_like_drawn(&self, area: &Rect) -> bool {
        let grown = area.longest() / self.drawn.longest().max(1e-3);
        (1.0 / MOST_GROWN..=MOST_GROWN).contains(&grown)
    }

    /// It is here now, and was on the way in the frames in which it was not seen.
    fn take(&mut self, area: Rect) {
        let before = self.area();
        let frames = self.unseen + 1;
        for i in 1..=frames {
            self.places
                .push(between(&before, &area, i as f32 / frames as f32));
        }
        let (a, b) = (before.center(), area.center());
        let now = [b.x - a.x, b.y - a.y].map(|way| way / frames as f32);
        for (velocity, now) in self.velocity.iter_mut().zip(now) {
            *velocity += (now - *velocity) * 0.5;
        }
        (self.unseen, self.elsewhere) = (0, 0);
    }

    /// Why it is not seen any more.
    fn lost(&mut self) -> Ending {
        // Most of what was not seen shows another scene, and the newest frame does.
        if 2 * self.elsewhere > self.unseen {
            return Ending::Cut;
        }
        if self.is_leaving() {
            self.leave();
            return Ending::Left;
        }
        Ending::Unsure
    }

    fn is_leaving(&self) -> bool {
        self.area().share_inside(&Rect::of(self.last.size())) < LEAVING_UNSEEN && self.moves_out()
    }

    /// Whether less of it will be in the picture.
    fn moves_out(&self) -> bool {
        let picture = Rect::of(self.last.size());
        let next = self.expected();
        next.share_inside(&picture) + 0.01 < self.area().share_inside(&picture)
    }

    /// Goes on the way that it went, until it is out of the picture.
    fn leave(&mut self) {
        self.unseen = 0;
        let picture = Rect::of(self.last.size());
        for _ in 0..self.way_out {
            let next = self.expected();
            if next.share_inside(&picture) <= 0.0 {
                return;
            }
            self.places.push(next);
        }
    }
}

/// The faces around a place, in pixels of the picture.
fn faces_near(picture: &RgbImage, area: &Rect, faces: FindFaces<'_>) -> Result<Vec<Rect>> {
    let around = area.grown(3.0).round_out(picture.size());
    let Some(part) = around.filter(|part| part.width > 0 && part.height > 0) else {
        return Ok(Vec::new());
    };
    let size = Size::new(part.width, part.height);
    let view = picture.as_view().view(part, size)?;
    let found = faces(&view.as_view())?;
    let (dx, dy) = (part.x as f32, part.y as f32);
    Ok(found
        .iter()
        .filter_map(|face| face.mapped(dx, dy, 1.0, 1.0))
        .collect())
}

fn glimpse(picture: &RgbImage) -> Glimpse {
    let (width, height) = (
        picture.size().width as usize,
        picture.size().height as usize,
    );
    let data = picture.data();
    Glimpse::new(width, height, |x, y| {
        let at = (y * width + x) * 3;
        let [r, g, b] = [0, 1, 2].map(|c| u32::from(data[at + c]));
        ((r * 77 + g * 150 + b * 29) >> 8) as u8
    })
}

/// A share of the way from one to the other.
fn between(a: &Rect, b: &Rect, share: f32) -> Rect {
    let mix = |a: f32, b: f32| a + (b - a) * share;
    let mixed = Rect::from_corners(
        mix(a.left(), b.left()),
        mix(a.top(), b.top()),
        mix(a.right(), b.right()),
        mix(a.bottom(), b.bottom()),
    );
    mixed.unwrap_or(*a)
}

/// Whether no side is further apart than keyframes may be off.
fn is_near(a: &Rect, b: &Rect) -> bool {
    let most = SLACK * b.width().min(b.height());
    let sides = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
    let apart = sides(a).into_iter().zip(sides(b));
    apart.map(|(a, b)| (a - b).abs()).all(|d| d <= most)
}
