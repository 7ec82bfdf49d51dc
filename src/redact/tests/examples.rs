//! Single pictures whose covered samples are known.

use super::*;

#[test]
fn a_picture_that_is_all_mask_becomes_neutral() {
    let size = Size::new(9, 7);
    let everything = [Region::new(Shape::Box, Rect::of(size))];
    let redaction = Redaction::new(&Style::Blur, &everything, size, Orientation::Rotate90);
    let stored = Size::new(7, 9);
    let redaction = Redaction {
        stored,
        ..redaction
    };
    for channel in CHANNELS {
        let after = covered(
            &redaction,
            &noise::<u8>(1, 63),
            Layout::dense(stored),
            channel,
        );
        let want = match channel {
            Channel::Alpha | Channel::InvertedBlack => 255,
            _ => 128,
        };
        assert!(after.iter().all(|&v| v == want), "{channel:?}: {after:?}");
    }
}

#[test]
fn an_even_surrounding_continues_under_the_mask_up_to_grain() {
    let size = Size::new(200, 150);
    let region = Region::new(Shape::Ellipse, rect(40.0, -10.0, 90.0, 120.0));
    let redaction = Redaction::new(&Style::Blur, &[region], size, Orientation::Normal);
    let after = covered(
        &redaction,
        &vec![90u8; 30_000],
        Layout::dense(size),
        Channel::Red,
    );
    assert!(after.iter().all(|v| (86..=94).contains(v)));
    let after = covered(
        &redaction,
        &vec![90u8; 30_000],
        Layout::dense(size),
        Channel::RedDifference,
    );
    assert!(after.iter().all(|&v| v == 90), "no grain on chroma");
    let after = covered(
        &redaction,
        &vec![255u8; 30_000],
        Layout::dense(size),
        Channel::Luma,
    );
    assert!(after.iter().all(|&v| v == 255), "no grain on clipped white");
}

#[test]
fn red_green_and_blue_get_the_same_grain() {
    let size = Size::new(80, 80);
    let region = Region::new(Shape::Box, rect(10.0, 10.0, 60.0, 60.0));
    let redaction = Redaction::new(&Style::Blur, &[region], size, Orientation::Normal);
    let grain = |channel, base: u8| -> Vec<i16> {
        let after = covered(&redaction, &vec![base; 6400], Layout::dense(size), channel);
        after
            .iter()
            .map(|&v| i16::from(v) - i16::from(base))
            .collect()
    };
    let red = grain(Channel::Red, 60);
    assert!(red.iter().any(|&v| v > 1) && red.iter().any(|&v| v < -1));
    assert_eq!(red, grain(Channel::Blue, 170));
}

#[test]
fn touching_masks_take_nothing_from_each_other() {
    // Two boxes side by side, each with its own value inside; everything around is black.
    let size = Size::new(60, 30);
    let boxes = [rect(10.0, 10.0, 15.0, 10.0), rect(25.0, 10.0, 15.0, 10.0)];
    let regions = boxes.map(|area| Region::new(Shape::Box, area));
    let mut data = vec![0u8; 1800];
    for y in 10..20 {
        data[y * 60 + 10..y * 60 + 25].fill(255);
        data[y * 60 + 25..y * 60 + 40].fill(128);
    }
    let redaction = Redaction::new(&Style::Blur, &regions, size, Orientation::Normal);
    let after = covered(&redaction, &data, Layout::dense(size), Channel::Luma);
    assert!(after.iter().all(|&v| v == 0));
}

#[test]
fn a_mask_of_less_than_a_pixel_covers_what_it_touches() {
    let size = Size::new(8, 8);
    let region = Region::new(Shape::Ellipse, rect(2.9, 3.9, 0.2, 0.2));
    let redaction = Redaction::new(&Style::Blur, &[region], size, Orientation::Normal);
    let mut data = vec![100u8; 64];
    for at in [3 * 8 + 2, 3 * 8 + 3, 4 * 8 + 2, 4 * 8 + 3] {
        data[at] = 255;
    }
    let after = covered(
        &redaction,
        &data,
        Layout::dense(size),
        Channel::BlueDifference,
    );
    assert_eq!(after, vec![100; 64]);
}

#[test]
fn an_unreasonable_number_of_cells_is_refused_and_does_no_harm() {
    for cells in [0, 65, u32::MAX] {
        let style = Style::Mosaic(cells);
        let error = style.check().expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let size = Size::new(20, 20);
        let region = Region::new(Shape::Box, rect(-1e30, -1e30, 2e30, 2e30));
        let redaction = Redaction::new(&style, &[region], size, Orientation::Normal);
        covered(
            &redaction,
            &noise::<u8>(3, 400),
            Layout::dense(size),
            Channel::Luma,
        );
    }
    assert!(Style::Mosaic(1).check().is_ok() && Style::Blur.check().is_ok());
}

#[test]
fn padding_beyond_the_picture_is_neither_read_nor_written() {
    // A 5x5 picture in a chroma plane of 8x8 samples, as JPEG stores it.
    let stored = Size::new(5, 5);
    let region = Region::new(Shape::Box, rect(1.0, 1.0, 9.0, 9.0));
    let redaction = Redaction::new(&Style::Blur, &[region], stored, Orientation::Rotate180);
    let layout = Layout {
        subsampling: (2, 2),
        ..Layout::dense(Size::new(8, 8))
    };
    let mut data = vec![200u8; 64];
    for y in 0..3 {
        data[y * 8..y * 8 + 3].fill(50);
    }
    let after = covered(&redaction, &data, layout, Channel::BlueDifference);
    assert_eq!(
        after,
        covered(&redaction, &after, layout, Channel::BlueDifference)
    );
    for (i, v) in after.iter().enumerate() {
        if i % 8 >= 3 || i / 8 >= 3 {
            assert_eq!(*v, 200);
        } else {
            assert_ne!(*v, 200, "padding was read");
        }
    }
}

#[test]
fn redactions_are_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Redaction>();
}

#[test]
fn a_quadrilateral_covers_every_pixel_it_touches_and_none_far_from_it() {
    let size = Size::new(48, 40);
    let corners = [(6.0, 18.0), (38.0, 8.0), (41.0, 17.0), (9.0, 27.0)];
    let quad = Quad::new(corners.map(|(x, y)| Point::new(x, y))).expect("finite");
    for style in [Style::Blur, Style::Solid(Rgb(9, 9, 9))] {
        let mut data: Vec<u8> = (0..size.area()).map(|i| 100 + (i % 97) as u8).collect();
        let before = data.clone();
        let redaction = Redaction::new(&style, &[Region::quad(quad)], size, Orientation::Normal);
        let mut plane =
            PlaneMut::new(&mut data, Layout::interleaved(size, 1)).expect("as long as it must be");
        redaction.apply(&mut plane, Channel::Luma);
        for (i, (after, before)) in data.iter().zip(&before).enumerate() {
            let (x, y) = (i % 48, i / 48);
            let middle = Point::new(x as f32 + 0.5, y as f32 + 0.5);
            if quad.holds(middle, 0.0) && matches!(style, Style::Solid(_)) {
                assert_ne!(after, before, "({x}, {y}) shows");
            }
            if !quad.holds(middle, 2.0) {
                assert_eq!(after, before, "({x}, {y}) is covered");
            }
        }
    }
}
