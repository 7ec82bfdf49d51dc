//! What becomes of samples beyond the picture's edges.

use crate::photo::Body;
use crate::photo::guard::Budget;
use crate::photo::notes::Notes;
use jpeg_coefficients::testing::{Layout, Script, file, read};
use jpeg_coefficients::{Process, Rect, Reduction, Size};

#[test]
fn a_lossless_crop_is_named_and_its_rest_is_not_written() {
    let mut layout = Layout::new(
        Process::Baseline,
        &[(4, 1), (1, 1), (1, 1)],
        Script::Together,
    );
    layout.size = Size::new(41, 17);
    let mut cropped = layout.picture(1);
    // A pattern in the last block that shows, and in those beyond it, that no encoder puts there.
    let mut wild = [0; 64];
    (wild[0], wild[1], wild[5], wild[9]) = (20, 60, -50, 40);
    let component = cropped.frame().components[0];
    for x in component.own.0 - 1..component.padded.0 {
        cropped.plane_mut(0).set(x, 0, &wild);
    }
    let open = |file: &[u8]| {
        let mut notes = Notes::default();
        let jpeg = super::super::read(file, &mut Budget::new(1 << 16), &mut notes);
        (jpeg.expect("in order"), notes.dropped)
    };
    let (jpeg, dropped) = open(&file(&cropped));
    assert_eq!(dropped, ["hidden-picture-data"]);
    let written = jpeg.write().expect("writes");
    let seen = read(&written).expect("reads its own");
    for x in component.own.0..component.padded.0 {
        assert!(seen.plane(0).block(x, 0)[1..].iter().all(|&v| v == 0));
    }
    let whole = Rect::new(0, 0, 40, 8);
    assert!(seen.pixels(Reduction::ALL[0], whole).len() == 40 * 8 * 3);
    let (again, dropped) = open(&written);
    assert!(dropped.is_empty(), "{dropped:?}");
    assert!(again.write().expect("writes") == written);
}
