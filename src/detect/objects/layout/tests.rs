//! Each form from outputs written down by hand, and shapes that are none.

use super::*;

const SIZE: Size = Size::new(64, 64);
/// Cells of 8, 16 and 32 pixels in it.
const CELLS: usize = 64 + 16 + 4;

fn tensor(shape: &[usize], data: Vec<f32>) -> Tensor {
    assert_eq!(shape.iter().product::<usize>(), data.len());
    let mut tensor = Tensor::default();
    (tensor.shape, tensor.data) = (shape.to_vec(), data);
    tensor
}

fn empty(shape: &[usize]) -> Tensor {
    tensor(shape, vec![0.0; shape.iter().product()])
}

fn form(shape: &[usize], names: Option<usize>) -> Option<Layout> {
    let found = Layout::recognise(&empty(shape), SIZE, names, false);
    found.map(|(layout, _)| layout)
}

fn found(layout: Layout, output: &Tensor) -> Vec<([f32; 4], f32, usize)> {
    let all = layout.decode(output, SIZE, 0.25, &|_| true);
    let sides = |r: &Rect| [r.left(), r.top(), r.right(), r.bottom()];
    let all = all.expect("the same form").into_iter();
    all.map(|f| (sides(&f.area), f.score, f.class)).collect()
}

#[test]
fn a_form_is_told_by_its_shape() {
    let columns = |classes| Some(Layout::Columns { classes });
    let rows = |classes, raw| Some(Layout::Rows { classes, raw });
    for (shape, names, expected) in [
        (&[1, 84, 8400][..], None, columns(80)),
        (&[1, 84, 8400], Some(80), columns(80)),
        (&[1, 5, CELLS], Some(1), columns(1)),
        (&[1, 6, CELLS], None, columns(2)),
        (&[1, 300, 6], Some(80), Some(Layout::Listed)),
        (&[1, 0, 6], Some(80), Some(Layout::Listed)),
        (&[0, 6], None, Some(Layout::Listed)),
        (&[0, 7], Some(80), Some(Layout::Numbered)),
        (&[1, 100, 7], None, Some(Layout::Numbered)),
        (&[1, CELLS, 85], Some(80), rows(80, true)),
        (&[1, 3 * CELLS, 85], None, rows(80, false)),
        // One class, and a list as long by chance.
        (&[1, CELLS, 6], Some(1), rows(1, true)),
        (&[1, CELLS, 6], Some(80), Some(Layout::Listed)),
        (&[1, 84, 8400], Some(3), None),
        (&[1, 8400, 84], Some(80), None),
        (&[1, 4, 8400], None, None),
        (&[1, 1000], None, None),
        (&[2, 84, 8400], None, None),
        (&[1, 3, 80, 80, 85], None, None),
        (&[1, 100, 5], None, None),
        (&[], None, None),
    ] {
        assert_eq!(form(shape, names), expected, "{shape:?} {names:?}");
    }
    // Masks behind the classes, if they are known to be there and the classes are named.
    let masks = empty(&[1, 4 + 2 + 32, 84]);
    let of = |names| Layout::recognise(&masks, SIZE, names, true);
    let expected = Layout::Columns { classes: 2 };
    assert_eq!(of(Some(2)), Some((expected, Inks::Unit)));
    assert_eq!(of(None), None);
}

#[test]
fn columns_give_the_likeliest_class_that_counts() {
    let layout = Layout::Columns { classes: 2 };
    // Three boxes: their middles, sides, and two scores each.
    let rows = [
        [20.0, 30.0, f32::NAN],
        [20.0, 30.0, 9.0],
        [10.0, 8.0, 9.0],
        [20.0, 8.0, 9.0],
        [0.9, 0.1, 0.9],
        [0.4, 0.2, 0.1],
    ];
    let output = tensor(&[1, 6, 3], rows.concat());
    assert_eq!(found(layout, &output), [([15.0, 10.0, 25.0, 30.0], 0.9, 0)]);
    let second = layout.decode(&output, SIZE, 0.25, &|class| class == 1);
    let second = second.expect("the same form");
    assert_eq!((second[0].score, second[0].class), (0.4, 1));
    assert_eq!(second.len(), 1);
    assert!(layout.has_doubles());
}

#[test]
fn lists_have_corners() {
    let rows = [
        [1.0, 2.0, 30.0, 40.0, 0.8, 3.0],
        [1.0, 2.0, 30.0, 40.0, 0.1, 3.0],
        [0.0, 0.0, 0.0, 0.0, 0.9, -1.0],
        [30.0, 2.0, 1.0, 40.0, 0.9, 0.0],
    ];
    let listed = tensor(&[1, 4, 6], rows.concat());
    let expected = [([1.0, 2.0, 30.0, 40.0], 0.8, 3)];
    assert_eq!(found(Layout::Listed, &listed), expected);
    let rows = [[0.0, 1.0, 2.0, 30.0, 40.0, 3.0, 0.8]];
    let numbered = tensor(&[1, 7], rows.concat());
    assert_eq!(found(Layout::Numbered, &numbered), expected);
    assert!(found(Layout::Numbered, &empty(&[0, 7])).is_empty());
}

#[test]
fn raw_rows_are_offsets_in_cells_and_others_are_pixels() {
    // The second cell of the second row of the coarsest grid: 32 pixels a side.
    let cell = CELLS - 1;
    let mut raw = vec![0.0; CELLS * 7];
    raw[cell * 7..].copy_from_slice(&[0.25, 0.5, 0.5_f32.ln(), 0.0, 0.9, 0.5, 0.8]);
    let raw = tensor(&[1, CELLS, 7], raw);
    let recognised = Layout::recognise(&raw, SIZE, None, false);
    let layout = Layout::Rows {
        classes: 2,
        raw: true,
    };
    assert_eq!(recognised, Some((layout, Inks::Bytes)));
    let [(area, score, class)] = found(layout, &raw)[..] else {
        panic!("one box")
    };
    // The middle is at (1.25 * 32, 1.5 * 32).
    assert_eq!((area, class), ([32.0, 32.0, 48.0, 64.0], 1));
    assert!((score - 0.72).abs() < 1e-6);

    let mut pixels = Vec::new();
    for (x, y, stride) in cells_of(SIZE, STRIDES[0]) {
        pixels.extend([x * stride, y * stride, 8.0, 8.0, 0.0, 0.0, 0.0]);
    }
    pixels[cell * 7..].copy_from_slice(&[40.0, 48.0, 16.0, 32.0, 0.9, 0.5, 0.8]);
    let pixels = tensor(&[1, CELLS, 7], pixels);
    let recognised = Layout::recognise(&pixels, SIZE, None, false);
    let layout = Layout::Rows {
        classes: 2,
        raw: false,
    };
    assert_eq!(recognised, Some((layout, Inks::Bytes)));
    assert_eq!(found(layout, &pixels)[0].0, [32.0, 32.0, 48.0, 64.0]);
}

#[test]
fn an_output_of_another_form_than_the_first_is_an_error() {
    let columns = Layout::Columns { classes: 2 };
    let rows = Layout::Rows {
        classes: 2,
        raw: true,
    };
    for (layout, shape) in [
        (columns, &[1, 5, 9][..]),
        (columns, &[6, 9]),
        (Layout::Listed, &[1, 9, 7]),
        (Layout::Numbered, &[9, 6]),
        (rows, &[1, CELLS, 8]),
        (rows, &[]),
    ] {
        let mut output = Tensor::default();
        (output.shape, output.data) = (shape.to_vec(), vec![0.0; shape.iter().product()]);
        let decoded = layout.decode(&output, SIZE, 0.25, &|_| true);
        assert!(decoded.is_err(), "{layout:?} {shape:?}");
    }
}
