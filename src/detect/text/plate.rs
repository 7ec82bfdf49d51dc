//! Which lines of writing may be on a number plate: a rule of three numbers, measured on labelled
//! plates of Europe, the USA and Brazil (`docs/text.md`). It knows nothing of plates but their
//! shape.

use crate::geometry::Size;

/// Length over height of the writing: two lines on a square plate are apart, each of this shape.
const ASPECT: std::ops::RangeInclusive<f32> = 1.2..=7.0;
/// Most that it leans, degrees.
const LEAN: f32 = 30.0;
/// Most of the picture's longer side that it is long.
const LENGTH: f32 = 0.4;

/// Whether a line of so much length and height may be the writing of a plate. `angle` is that of
/// its length.
pub(super) fn fits((along, across): (f32, f32), angle: f32, picture: Size) -> bool {
    let lean = angle.abs().min(180.0 - angle.abs());
    ASPECT.contains(&(along / across)) && lean <= LEAN && along <= LENGTH * picture.longest() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_upright_and_huge_lines_are_no_plates() {
        let picture = Size::new(1000, 800);
        assert!(fits((90.0, 20.0), -10.0, picture));
        assert!(fits((90.0, 20.0), 175.0, picture));
        assert!(!fits((90.0, 20.0), 80.0, picture), "upright");
        assert!(!fits((180.0, 20.0), 0.0, picture), "a whole sentence");
        assert!(!fits((20.0, 20.0), 0.0, picture), "a single letter");
        assert!(!fits((700.0, 150.0), 0.0, picture), "a shop's sign");
    }
}
