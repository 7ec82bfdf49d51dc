use super::*;

const SIZE: Size = Size::new(320, 180);
const RATE: f64 = 25.0;

/// Colours that no other place has to do with, in cells of so many pixels.
fn texture(seed: usize, cell: f32, x: f32, y: f32) -> [f32; 3] {
    let corner = |i: usize, j: usize, c: usize| {
        let mixed = (i * 7919 + j * 104_729 + c * 15_485_863 + seed * 1_299_709) as u32;
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
        ((mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39) >> 24) as f32
    };
    let (x, y) = ((x + 1000.0) / cell, (y + 1000.0) / cell);
    let (i, j) = (x as usize, y as usize);
    let (u, v) = (x.fract(), y.fract());
    [0, 1, 2].map(|c| {
        let upper = corner(i, j, c) * (1.0 - u) + corner(i + 1, j, c) * u;
        let lower = corner(i, j + 1, c) * (1.0 - u) + corner(i + 1, j + 1, c) * u;
        upper * (1.0 - v) + lower * v
    })
}

/// A thing in a box, before a scene, behind a post.
struct Scene {
    seed: usize,
    light: f32,
    thing: Option<Rect>,
    post: Option<[f32; 2]>,
}

impl Scene {
    fn new(thing: Option<Rect>) -> Self {
        Self {
            seed: 1,
            light: 1.0,
            thing,
            post: None,
        }
    }

    fn draw(&self) -> RgbImage {
        let mut data = Vec::new();
        for k in 0..SIZE.area() {
            let (x, y) = (
                (k % u64::from(SIZE.width)) as f32 + 0.5,
                (k / u64::from(SIZE.width)) as f32 + 0.5,
            );
            let mut colour = texture(self.seed, 17.0, x, y).map(|v| 60.0 + v * 0.4);
            if let Some(thing) = &self.thing {
                let (u, v) = (
                    (x - thing.left()) / thing.width(),
                    (y - thing.top()) / thing.height(),
                );
                let (a, b) = (2.0 * u - 1.0, 2.0 * v - 1.0);
                if a * a + b * b <= 1.0 {
                    colour = texture(77, 9.0, u * 40.0, v * 40.0).map(|v| 40.0 + v * 0.8);
                }
            }
            if self.post.is_some_and(|[from, to]| from <= x && x < to) {
                colour = texture(5, 6.0, x, y).map(|v| 30.0 + v * 0.3);
            }
            data.extend(colour.map(|v| (v * self.light).clamp(0.0, 255.0) as u8));
        }
        RgbImage::new(SIZE, data).expect("a picture")
    }
}

fn rect(x: f32, y: f32, width: f32, height: f32) -> Rect {
    Rect::new(x, y, width, height).expect("a rectangle")
}

fn no_faces(_: &dyn Picture) -> Result<Vec<Rect>> {
    Ok(Vec::new())
}

/// Follows the thing of the first scene through the others.
fn followed(scenes: impl IntoIterator<Item = Scene>) -> (BoxFollower, Option<Ending>) {
    let mut scenes = scenes.into_iter();
    let first = scenes.next().expect("a scene");
    let drawn = first.thing.expect("a thing");
    let follower = BoxFollower::new(first.draw(), drawn, RATE, &no_faces);
    let mut follower = follower.expect("something to follow");
    for scene in scenes {
        let ending = follower.look(scene.draw(), &no_faces).expect("looked at");
        if ending.is_some() {
            return (follower, ending);
        }
    }
    (follower, None)
}

/// It goes along a bow and comes nearer.
fn on_a_bow(frame: usize) -> Rect {
    let t = frame as f32;
    let side = 36.0 + t * 0.3;
    rect(
        30.0 + 3.0 * t,
        110.0 - 60.0 * (t / 16.0).sin(),
        side,
        side * 1.2,
    )
}

fn box_in(keys: &[(usize, Rect)], frame: usize) -> Rect {
    let after = keys.iter().position(|(at, _)| *at >= frame).expect("a key");
    let (b, (a, first)) = (keys[after], keys[after.saturating_sub(1)]);
    match b.0 == a {
        true => first,
        false => between(&first, &b.1, (frame - a) as f32 / (b.0 - a) as f32),
    }
}

#[test]
fn it_is_followed_along_a_bow_and_few_keyframes_cover_it() {
    let (follower, ending) = followed((0..60).map(|i| Scene::new(Some(on_a_bow(i)))));
    assert_eq!((ending, follower.frames()), (None, 60));
    let keys = follower.keyframes(60);
    assert!(keys.len() <= 20, "{}", keys.len());
    for frame in 0..60 {
        let (truth, place) = (on_a_bow(frame), follower.places[frame]);
        assert!(truth.iou(&place) > 0.6, "{frame}: {truth:?} {place:?}");
        let covered = box_in(&keys, frame);
        assert!(
            truth.share_inside(&covered) > 0.94,
            "{frame}: {truth:?} {covered:?}"
        );
        assert!(covered.area() < 1.7 * truth.area(), "{frame}: {covered:?}");
    }
    assert_eq!(keys.last().map(|key| key.0), Some(59));
    assert_eq!(follower.keyframes(31).last().map(|key| key.0), Some(30));
}

#[test]
fn a_light_that_changes_is_no_end() {
    let scenes = (0..40).map(|i| Scene {
        light: 1.0 - 0.4 * (i as f32 / 6.0).sin().abs(),
        ..Scene::new(Some(on_a_bow(i)))
    });
    let (follower, ending) = followed(scenes);
    assert_eq!((ending, follower.frames()), (None, 40));
    assert!(on_a_bow(39).iou(&follower.places[39]) > 0.75);
}

#[test]
fn it_is_covered_until_it_has_left_the_picture() {
    let thing = |i: usize| rect(200.0 + 4.0 * i as f32, 60.0, 40.0, 50.0);
    let (follower, ending) = followed((0..60).map(|i| Scene::new(Some(thing(i)))));
    assert_eq!(ending, Some(Ending::Left));
    for frame in 0..30 {
        let truth = thing(frame)
            .intersection(&Rect::of(SIZE))
            .expect("in sight");
        let place = follower.places[frame].grown(GROWTH);
        assert!(
            truth.share_inside(&place) > 0.95,
            "{frame}: {truth:?} {place:?}"
        );
    }
}

#[test]
fn another_scene_ends_it_and_none_of_its_frames_is_covered() {
    let scenes = (0..40).map(|i| Scene {
        seed: if i < 20 { 1 } else { 2 },
        thing: (i < 20).then(|| on_a_bow(i)),
        ..Scene::new(None)
    });
    let (follower, ending) = followed(scenes);
    // Two patterns of one kind may pass for one scene; none of its frames is covered in any case.
    assert!(matches!(ending, Some(Ending::Cut | Ending::Unsure)));
    assert_eq!(follower.frames(), 20);
}

#[test]
fn what_hides_it_for_long_ends_it_and_for_a_moment_does_not() {
    let thing = |i: usize| rect(20.0 + 4.0 * i as f32, 60.0, 36.0, 44.0);
    let behind = |width: f32| {
        followed((0..50).map(move |i| Scene {
            post: Some([120.0, 120.0 + width]),
            ..Scene::new(Some(thing(i)))
        }))
    };
    let (follower, ending) = behind(90.0);
    assert_eq!(ending, Some(Ending::Unsure));
    // It is out of sight from frame 25 on.
    assert!(
        (12..=25).contains(&follower.frames()),
        "{}",
        follower.frames()
    );
    let (follower, ending) = behind(12.0);
    assert_eq!((ending, follower.frames()), (None, 50));
    for frame in 0..50 {
        let (truth, place) = (thing(frame), follower.places[frame].grown(GROWTH));
        assert!(
            truth.share_inside(&place) > 0.8,
            "{frame}: {truth:?} {place:?}"
        );
    }
}

#[test]
fn what_vanishes_is_not_followed_to_what_is_near_it() {
    let scenes = (0..40).map(|i| Scene::new((i < 15).then(|| on_a_bow(i))));
    let (follower, ending) = followed(scenes);
    assert_eq!((ending, follower.frames()), (Some(Ending::Unsure), 15));
}

#[test]
fn a_face_in_the_box_says_where_it_is_when_it_looks_otherwise() {
    // A face fills the middle of the thing, as far as a detector can see.
    let face = |i: usize| on_a_bow(i).grown(0.5);
    let dark = |i: usize| Scene {
        // Half of it is behind a post that goes with it.
        post: (10..20).contains(&i).then(|| {
            let thing = on_a_bow(i);
            [thing.left(), thing.center().x]
        }),
        ..Scene::new(Some(on_a_bow(i)))
    };
    let follow = |sees: bool| {
        let drawn = on_a_bow(0);
        let around = |i: usize, area: Rect| {
            move |_: &dyn Picture| {
                let part = area.grown(3.0).round_out(SIZE).expect("inside");
                let found = face(i).mapped(-(part.x as f32), -(part.y as f32), 1.0, 1.0);
                Ok(found.filter(|_| sees).into_iter().collect())
            }
        };
        let first = BoxFollower::new(dark(0).draw(), drawn, RATE, &around(0, drawn));
        let mut follower = first.expect("a box");
        for i in 1..30 {
            // Faces are looked for around the place that the looks give, or that is expected.
            let near = follower.expected();
            if follower
                .look(dark(i).draw(), &around(i, near))
                .expect("looked at")
                .is_some()
            {
                break;
            }
        }
        follower.frames()
    };
    assert_eq!(follow(true), 30);
    assert!(follow(false) < 20);
}

#[test]
fn a_box_with_nothing_in_it_is_refused() {
    let plain = RgbImage::new(SIZE, vec![90; SIZE.area() as usize * 3]).expect("a picture");
    let refused = BoxFollower::new(plain, rect(50.0, 50.0, 40.0, 40.0), RATE, &no_faces);
    assert_eq!(
        refused.expect_err("nothing").kind(),
        ErrorKind::InvalidArgument
    );
    let outside = rect(310.0, 50.0, 80.0, 80.0);
    let scene = Scene::new(None).draw();
    assert!(BoxFollower::new(scene, outside, RATE, &no_faces).is_err());
}

#[test]
fn small_boxes_are_followed_in_large_frames_and_large_ones_in_small_frames() {
    let size = Size::new(1920, 1080);
    assert_eq!(BoxFollower::detail(size, &rect(0.0, 0.0, 20.0, 30.0)), 1920);
    assert_eq!(
        BoxFollower::detail(size, &rect(0.0, 0.0, 112.0, 200.0)),
        960
    );
    assert_eq!(
        BoxFollower::detail(size, &rect(0.0, 0.0, 900.0, 900.0)),
        320
    );
    let tiny = Size::new(100, 80);
    assert_eq!(BoxFollower::detail(tiny, &rect(0.0, 0.0, 50.0, 50.0)), 100);
}
