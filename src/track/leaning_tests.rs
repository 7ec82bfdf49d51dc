//! Writing that lies askew: masks hold it in every frame, and are hardly larger than it.

use super::extent::Extent;
use super::leaning::Leaning;
use super::simulation::Chance;
use super::tests::{PICTURE, run, scene};
use super::*;
use crate::face::Subject;
use crate::geometry::Point;
use proptest::prelude::*;

/// What a mask has more on each side than its place.
const ROOM: f32 = 1.5;
/// Of a number plate.
const SIDES: [f32; 2] = [100.0, 20.0];

/// Writing with its middle here, turned by so many degrees.
pub(super) fn lying(middle: (f32, f32), sides: [f32; 2], degrees: f64) -> Quad {
    let middle = Point::new(middle.0, middle.1);
    let leaning = Leaning::new(degrees.to_radians(), middle, sides).expect("finite");
    leaning.corners().expect("finite")
}

pub(super) fn sighting(quad: Quad) -> Sighting {
    Sighting {
        subject: Subject::Text,
        area: quad.bounds(),
        corners: Some(quad),
        score: 1.0,
    }
}

/// Whether all of some writing lies under the mask of a place.
pub(super) fn covers(place: &Place, writing: &Quad) -> bool {
    let by = f64::from(ROOM) + 0.02;
    match &place.corners {
        Some(quad) => writing.corners().iter().all(|p| quad.holds(*p, by)),
        None => {
            let mask = place.area.padded(ROOM + 0.02);
            writing.corners().iter().all(|p| mask.holds(*p))
        }
    }
}

fn extent([w, h]: [f32; 2]) -> f32 {
    (w + 2.0 * ROOM) * (h + 2.0 * ROOM)
}

/// Pixels under the mask of a place.
pub(super) fn masked(place: &Place) -> f32 {
    let quad = place.corners.and_then(|quad| Leaning::of(&quad));
    let sides = quad.map_or(place.area, |leaning| *leaning.sides());
    extent([sides.width(), sides.height()])
}

/// What is seen of writing in each frame, and where it is.
struct Clip {
    truth: Vec<Quad>,
    seen: Vec<Vec<Sighting>>,
}

impl Clip {
    /// Of a plate whose middle and angle are known in each frame. `sees` says by how many degrees a
    /// detector is wrong, if it sees it.
    fn new(
        frames: usize,
        place: impl Fn(usize) -> ((f32, f32), f64),
        sees: impl Fn(usize) -> Option<f64>,
    ) -> Self {
        let of = |frame: usize, off: f64| {
            let (middle, degrees) = place(frame);
            lying(middle, SIDES, degrees + off)
        };
        let seen = |frame| sees(frame).map(|off| sighting(of(frame, off)));
        Self {
            truth: (0..frames).map(|frame| of(frame, 0.0)).collect(),
            seen: (0..frames).map(|f| seen(f).into_iter().collect()).collect(),
        }
    }

    /// Most that a mask is larger than that of a photo would be, where the writing was seen or lies
    /// between sightings; checks that it is held in all frames from the first sighting to the last.
    fn largest(&self, name: &str) -> f32 {
        let (places, tracker) = run(&self.seen, &vec![0; self.seen.len()]);
        assert_eq!(tracker.summaries().len(), 1, "{name}");
        let mut largest = 0.0f32;
        for (frame, places) in places.iter().enumerate() {
            let is_held = places.iter().any(|p| covers(p, &self.truth[frame]));
            let is_end = places.iter().any(|p| p.why == Why::Beyond);
            assert!(is_held, "{name}, frame {frame}: {places:?}");
            let all: f32 = places.iter().map(masked).sum();
            if !is_end {
                largest = largest.max(all / extent(SIDES));
            }
        }
        largest
    }
}

/// Between -3 and 3, by no rule.
fn noise(frame: usize) -> f64 {
    (frame * 7919 % 61) as f64 / 10.0 - 3.0
}

/// As in a video: in every third frame.
fn third(frame: usize) -> Option<f64> {
    frame.is_multiple_of(3).then_some(0.0)
}

#[test]
fn a_plate_that_lies_askew_is_covered_as_it_lies() {
    let still = |_| ((400.0, 300.0), 20.0);
    let pans = |f: usize| ((200.0 + 4.0 * f as f32, 300.0 - f as f32), 20.0);
    let always = |_: usize| Some(0.0);
    let gap = |f: usize| (!(40..45).contains(&f)).then_some(0.0);
    let shakes = |f: usize| Some(noise(f));
    let shakes_in_third = |f: usize| f.is_multiple_of(3).then(|| noise(f));
    let turns = |f: usize| ((400.0, 300.0), -30.0 + f as f64 / 2.0);
    let n = 121;
    for (name, clip, most) in [
        ("still", Clip::new(n, still, always), 1.01),
        ("still, by thirds", Clip::new(n, still, third), 1.3),
        ("panning", Clip::new(n, pans, always), 1.01),
        ("panning, by thirds", Clip::new(n, pans, third), 1.3),
        ("a gap", Clip::new(n, still, gap), 1.5),
        ("a gap, panning", Clip::new(n, pans, gap), 1.5),
        ("noise", Clip::new(n, still, shakes), 1.6),
        ("noise, by thirds", Clip::new(n, pans, shakes_in_third), 1.6),
        ("turning", Clip::new(n, turns, always), 1.05),
        ("turning, by thirds", Clip::new(n, turns, third), 1.45),
        ("turning, a gap", Clip::new(n, turns, gap), 1.6),
    ] {
        let largest = clip.largest(name);
        println!("{name}: {largest:.2} times the mask of a photo");
        assert!(largest <= most, "{name}: {largest}");
    }
    // The upright box is nearly two and a half times as large.
    let upright = lying((400.0, 300.0), SIDES, 20.0).bounds();
    assert!(extent([upright.width(), upright.height()]) > 2.4 * extent(SIDES));
}

#[test]
fn before_the_first_sighting_and_after_the_last_one_a_plate_is_covered_as_it_lies_too() {
    let pans = |f: usize| ((200.0 + 6.0 * f as f32, 300.0), -20.0);
    let clip = Clip::new(60, pans, |f| (10..50).contains(&f).then_some(0.0));
    let (places, _) = run(&clip.seen, &[0; 60]);
    for frame in (4..10).chain(50..56) {
        let [place] = &places[frame][..] else {
            panic!("frame {frame}: {places:?}");
        };
        assert_eq!(place.why, Why::Beyond);
        assert!(place.corners.is_some(), "frame {frame}");
        assert!(
            covers(place, &clip.truth[frame]),
            "frame {frame}: {place:?}"
        );
        let upright = extent([place.area.width(), place.area.height()]);
        assert!(masked(place) < 0.85 * upright, "frame {frame}: {place:?}");
    }
}

#[test]
fn writing_of_a_live_stream_that_is_lost_stays_covered_as_it_lies() {
    let mut tracker = Tracker::live(0.5, PICTURE, 2);
    let quad = lying((400.0, 300.0), SIDES, 25.0);
    let mut places = Vec::new();
    for frame in 0..30 {
        let seen: Vec<Sighting> = (frame < 20).then(|| sighting(quad)).into_iter().collect();
        places.extend(tracker.push(frame as f64 / 25.0, &seen, &scene(0)));
    }
    places.extend(tracker.finish());
    // Those that came out before the end was known.
    for (frame, places) in places[..28].iter().enumerate() {
        assert!(places.iter().any(|p| covers(p, &quad)), "frame {frame}");
        assert!(places.iter().all(|p| p.corners.is_some()), "frame {frame}");
    }
}

#[test]
fn what_is_as_high_as_it_is_long_is_held_whatever_its_angle_is_said_to_be() {
    let sides = [27.0, 24.0];
    for (jump, is_box) in [(90.0, false), (45.0, true), (30.0, true)] {
        for every in [1, 3] {
            let at = |f: usize| (300.0 + 2.0 * f as f32, 200.0);
            let seen: Vec<Vec<Sighting>> = (0..60)
                .map(|f| {
                    let off = if f / every % 2 == 1 { jump } else { 0.0 };
                    let quad = lying(at(f), sides, 20.0 + off);
                    let is_seen = f.is_multiple_of(every);
                    is_seen.then(|| sighting(quad)).into_iter().collect()
                })
                .collect();
            let (places, _) = run(&seen, &[0; 60]);
            for (f, places) in places[..57].iter().enumerate() {
                let truth = lying(at(f), sides, 20.0);
                let is_held = places.iter().any(|p| covers(p, &truth));
                assert!(is_held, "{jump}, frame {f}: {places:?}");
                let quads = places.iter().filter(|p| p.corners.is_some()).count();
                assert_eq!(quads, usize::from(!is_box), "{jump}, frame {f}: {places:?}");
            }
        }
    }
}

#[test]
fn a_plate_that_is_too_fast_to_be_seen_is_carried_as_it_lies() {
    let ramp = [8.0, 15.0, 23.0];
    let mut speeds = vec![0.0; 20];
    speeds.extend(ramp);
    speeds.extend([30.0; 20]);
    speeds.extend(ramp.iter().rev());
    speeds.extend([0.0; 25]);
    let mut x = 100.0;
    let mut truth = Vec::new();
    for speed in &speeds {
        truth.push(lying((x + speed / 2.0, 300.0), [100.0, 40.0], 15.0));
        x += speed;
    }
    let seen = |(speed, quad): (&f32, &Quad)| match *speed < 20.0 {
        true => vec![sighting(*quad)],
        false => Vec::new(),
    };
    let seen: Vec<Vec<Sighting>> = speeds.iter().zip(&truth).map(seen).collect();
    let (places, tracker) = run(&seen, &vec![0; seen.len()]);
    assert!(tracker.open_spans().is_empty());
    for (frame, places) in places.iter().enumerate() {
        let held = places.iter().find(|p| covers(p, &truth[frame]));
        assert!(held.is_some(), "frame {frame}: {places:?}");
        assert!(held.is_some_and(|p| p.corners.is_some()), "frame {frame}");
    }
}

#[test]
fn corners_that_are_missing_in_one_sighting_give_the_box_around_it_and_no_others() {
    let quad = lying((400.0, 300.0), SIDES, 20.0);
    let mut seen = vec![vec![sighting(quad)]; 200];
    seen[100][0].corners = None;
    let (places, _) = run(&seen, &[0; 200]);
    for (frame, places) in places.iter().enumerate() {
        let is_near = (70..160).contains(&frame);
        assert!(places[0].corners.is_some() || is_near, "frame {frame}");
        assert!(covers(&places[0], &quad), "frame {frame}");
    }
    assert!(places[100][0].corners.is_none());
}

/// Plates that move by rules, and a detector that is wrong and blind by rules: where they are, and
/// what is seen of them in every third frame.
fn model(seed: u64, jerk: f32) -> (Vec<Vec<Quad>>, Vec<Vec<Sighting>>) {
    const FRAMES: usize = 300;
    let mut chance = Chance(seed);
    let mut truth = vec![Vec::new(); FRAMES];
    let mut seen = vec![Vec::new(); FRAMES];
    for row in [0.0f32, 1.0, 2.0] {
        let mut h = chance.between(12.0, 36.0);
        let aspect = chance.between(2.5, 6.0);
        let mut degrees = f64::from(chance.between(-30.0, 30.0));
        let (mut x, mut y) = (chance.between(200.0, 1080.0), 120.0 + 240.0 * row);
        let (mut vx, mut vy, mut turn, mut missing) = (0.0, 0.0, 0.0, 0);
        for frame in 0..FRAMES {
            vx = vx * 0.9 + chance.bell() * jerk * 0.2;
            vy = vy * 0.9 + chance.bell() * jerk * 0.1;
            turn = turn * 0.9 + f64::from(chance.bell() * jerk) * 0.01;
            h = (h * (1.0 + chance.bell() * 0.004)).clamp(10.0, 60.0);
            degrees = (degrees + turn).clamp(-40.0, 40.0);
            x = (x + vx).clamp(150.0, 1130.0);
            y = (y + vy).clamp(row.mul_add(240.0, 60.0), row.mul_add(240.0, 180.0));
            let sides = [h * aspect, h];
            truth[frame].push(lying((x, y), sides, degrees));
            if chance.next() < 0.01 {
                missing = chance.between(2.0, 16.0) as usize;
            }
            missing = missing.saturating_sub(1);
            let noise = [0, 1, 2, 3].map(|_| chance.bell());
            if frame.is_multiple_of(3) && missing == 0 && chance.next() > 0.03 {
                // What is found is a little more than the letters.
                let more = sides[0] * h / (sides[0] + h);
                let sides = sides.map(|side| (side + more) * (1.0 + noise[0] * 0.03));
                let middle = (x + noise[1] * 0.05 * h, y + noise[2] * 0.05 * h);
                let degrees = degrees + f64::from(noise[3]);
                seen[frame].push(sighting(lying(middle, sides, degrees)));
            }
        }
    }
    (truth, seen)
}

/// Share of some writing that lies under masks.
fn share(writing: &Quad, places: &[Place]) -> f32 {
    let [a, b, c, d] = writing.corners();
    let at = |p: Point, q: Point, t: f32| Point::new(p.x + (q.x - p.x) * t, p.y + (q.y - p.y) * t);
    let point = |i: usize| {
        let (s, t) = ((i % 15) as f32 / 14.0, (i / 15) as f32 / 14.0);
        at(at(a, b, s), at(d, c, s), t)
    };
    let is_under = |p: Point| {
        let under = |place: &Place| match &place.corners {
            Some(quad) => quad.holds(p, ROOM.into()),
            None => place.area.padded(ROOM).holds(p),
        };
        places.iter().any(under)
    };
    (0..225).filter(|i| is_under(point(*i))).count() as f32 / 225.0
}

#[test]
fn as_it_lies_writing_is_no_more_exposed_than_in_boxes_and_much_less_is_masked() {
    for jerk in [1.0, 4.0, 8.0] {
        let (mut open, mut all, mut pixels) = ([0, 0], 0, [0.0, 0.0]);
        for seed in 0..12 {
            let (truth, seen) = model(seed, jerk);
            let (places, _) = run(&seen, &vec![0; seen.len()]);
            for (truth, places) in truth.iter().zip(&places) {
                let mut boxes = places.clone();
                boxes.iter_mut().for_each(|place| place.corners = None);
                for (i, places) in [&boxes, places].into_iter().enumerate() {
                    let is_open = |quad: &&Quad| share(quad, places) < 0.9;
                    open[i] += truth.iter().filter(is_open).count();
                    pixels[i] += places.iter().map(masked).sum::<f32>();
                }
                all += truth.len();
            }
        }
        println!(
            "motion {jerk}: of {all} exposed {} in boxes, {} as they lie; masked {:.2} of boxes",
            open[0],
            open[1],
            pixels[1] / pixels[0]
        );
        assert!(open[1] <= open[0], "{jerk}: {open:?} of {all}");
        assert!(pixels[1] < 0.7 * pixels[0], "{jerk}: {pixels:?}");
    }
}

type Step = (f32, f32, f32, f64, bool);

fn steps() -> impl Strategy<Value = (Vec<Step>, f32)> {
    let step = (
        -20.0f32..20.0,
        -20.0f32..20.0,
        0.85f32..1.18,
        prop_oneof![4 => -4.0f64..4.0, 1 => -100.0f64..100.0],
        prop::bool::weighted(0.7),
    );
    (prop::collection::vec(step, 1..60), 1.0f32..8.0)
}

/// The sightings of writing that goes these steps.
fn walked(steps: &[Step], aspect: f32) -> Vec<Vec<Sighting>> {
    let (mut x, mut y, mut height, mut degrees) = (600.0, 300.0, 30.0, 0.0);
    let step = |(dx, dy, zoom, turn, is_seen): &Step| {
        x += dx;
        y += dy;
        height = (height * zoom).clamp(6.0, 120.0);
        degrees += turn;
        let quad = lying((x, y), [height * aspect, height], degrees);
        is_seen.then(|| sighting(quad)).into_iter().collect()
    };
    steps.iter().map(step).collect()
}

proptest! {
    #[test]
    fn a_place_holds_the_corners_that_were_seen_and_is_no_larger_than_the_box(
        (steps, aspect) in steps()
    ) {
        let seen = walked(&steps, aspect);
        let (places, _) = run(&seen, &vec![0; seen.len()]);
        for (seen, places) in seen.iter().zip(&places) {
            for place in places {
                if let Why::Seen(i) = place.why {
                    let quad = seen[i].corners.expect("has some");
                    prop_assert!(covers(place, &quad), "{:?}: {:?}", seen, place);
                }
                let own = Leaning::of(&place.corners.unwrap_or(quad_of(&place.area)));
                let own = own.expect("finite").sides().area();
                prop_assert!(own <= place.area.area() * 1.001);
            }
        }
    }

    #[test]
    fn corners_change_nothing_but_corners((steps, aspect) in steps()) {
        let with = walked(&steps, aspect);
        let mut without = with.clone();
        without.iter_mut().flatten().for_each(|s| s.corners = None);
        let scenes = vec![0; with.len()];
        let (mut places, _) = run(&with, &scenes);
        places.iter_mut().flatten().for_each(|p| p.corners = None);
        prop_assert_eq!(places, run(&without, &scenes).0);
    }

    #[test]
    fn a_mixed_extent_at_its_ends_is_what_it_is_made_of(
        degrees in -80.0f64..80.0, turn in -20.0f64..20.0
    ) {
        let of = |degrees| {
            let quad = lying((300.0, 200.0), SIDES, degrees);
            Extent { area: quad.bounds(), leaning: Leaning::of(&quad) }
        };
        let (a, b) = (of(degrees), of(degrees + turn));
        for (share, end) in [(0.0, a), (1.0, b)] {
            let mixed = Extent::mixed(&a, &b, share).leaning.and_then(|l| l.corners());
            let own = end.leaning.and_then(|l| l.corners()).expect("finite");
            let mixed = mixed.expect("they agree");
            prop_assert!(own.corners().iter().all(|p| mixed.holds(*p, 0.02)));
        }
    }
}

fn quad_of(area: &Rect) -> Quad {
    let (l, t, r, b) = (area.left(), area.top(), area.right(), area.bottom());
    let corners = [(l, t), (r, t), (r, b), (l, b)];
    Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite")
}
