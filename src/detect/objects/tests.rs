//! Input sizes, places on the canvas, and choices of classes. Networks run in
//! `tests/it/objects.rs`.

use super::*;
use crate::geometry::Rect;

#[test]
fn a_network_is_shown_its_own_size_or_the_one_that_its_file_names() {
    let info = |sides, imgsz: &str| {
        let mut info = ModelInfo::default();
        (info.sides, info.properties) = (sides, vec![("imgsz".to_owned(), imgsz.to_owned())]);
        input_size(&info)
    };
    let free = [None; 2];
    assert_eq!(input_size(&ModelInfo::default()), Size::new(640, 640));
    assert_eq!(info(free, "[320, 480]"), Size::new(480, 320));
    assert_eq!(info(free, "960"), Size::new(960, 960));
    assert_eq!(info(free, "large"), Size::new(640, 640));
    let fixed = [Some(384), Some(672)];
    assert_eq!(info(fixed, "[640, 640]"), Size::new(672, 384));
}

#[test]
fn classes_are_chosen_by_name_or_number_and_others_are_refused_with_what_there_is() {
    let names = || Some(["person", "car", "7"].map(str::to_owned).to_vec());
    let choose = |names, there, asked: &[&str]| {
        let asked: Vec<String> = asked.iter().map(|s| (*s).to_owned()).collect();
        Classes::choose(names, there, &asked)
    };
    let chosen = |asked: &[&str]| choose(names(), Some(3), asked).expect("they are there");
    assert!((0..3).all(|class| chosen(&[]).counts(class)));
    let some = chosen(&["car", "0", "7"]);
    assert_eq!(
        [0, 1, 2, 3].map(|c| some.counts(c)),
        [true, true, true, false]
    );
    assert_eq!(some.name(1).as_str(), "car");
    let unnamed = choose(None, Some(4), &["3"]).expect("a number");
    assert_eq!(unnamed.name(3).as_str(), "3");
    for (names, there, says) in [
        (names(), Some(3), "no class 9; it has person, car, 7"),
        (None, Some(4), "it has the numbers 0 to 3"),
    ] {
        let error = choose(names, there, &["9"]).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(says), "{error}");
    }
    // A list may hold any number.
    assert!(choose(None, None, &["9"]).is_ok());
    assert!(choose(None, None, &["dog"]).is_err());
}

#[test]
fn one_object_is_told_once_and_two_classes_are_two() {
    let face = |class, x: f32, score| Face {
        subject: Subject::Object(ClassName::new(class)),
        corners: None,
        area: Rect::new(x, 0.0, 100.0, 100.0).expect("a box"),
        score,
        landmarks: None,
        found_by: vec![],
    };
    let all = apart(vec![
        face("car", 0.0, 0.5),
        face("car", 4.0, 0.9),
        face("bus", 4.0, 0.6),
        face("car", 60.0, 0.3),
    ]);
    let scores: Vec<f32> = all.iter().map(|f| f.score).collect();
    assert_eq!(scores, [0.9, 0.6, 0.3]);
}

#[test]
fn what_surrounds_a_picture_is_grey_and_its_pixels_are_red_green_blue_to_one() {
    let size = Size::new(4, 2);
    let image = RgbImage::new(Size::new(2, 2), [255, 51, 0].repeat(4)).expect("pixels");
    let place = Letterbox {
        crop: PixelRect::of(image.size()),
        content: image.size(),
        offset: (1, 0),
        canvas: size,
    };
    let row = |inks, part| {
        let mut planes = [[0.0_f32; 4]; 3];
        let shown = Shown { size, inks, part };
        shown.row(1, planes.each_mut().map(|p| p.as_mut_slice()));
        planes
    };
    let grey = GREY / 255.0;
    let expected = [1.0, 0.2, 0.0].map(|v| [grey, v, v, grey]);
    let seen = row(Inks::Unit, Some((&place, &image)));
    for (seen, expected) in seen.concat().iter().zip(expected.concat()) {
        assert!((seen - expected).abs() < 1e-6);
    }
    let bytes = row(Inks::Bytes, Some((&place, &image)));
    assert_eq!(bytes, [0.0, 51.0, 255.0].map(|v| [GREY, v, v, GREY]));
    assert_eq!(row(Inks::Bytes, None), [[GREY; 4]; 3]);
}
