//! Takes the detail out of the left half of a JPEG, and leaves the right half as it is coded:
//! `cargo run -p jpeg-coefficients --example flatten -- in.jpg out.jpg`.

use jpeg_coefficients::MaxPixels;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut names = std::env::args_os().skip(1);
    let (Some(from), Some(to)) = (names.next(), names.next()) else {
        return Err("two names are needed: the file to read and the file to write".into());
    };
    let file = std::fs::read(from)?;
    let mut image = jpeg_coefficients::read(&file, &mut MaxPixels(100_000_000))?;
    let components = image.frame().components.clone();
    for (index, component) in components.iter().enumerate() {
        // Blocks across and down that show.
        let (across, down) = component.own;
        let plane = image.plane_mut(index);
        for y in 0..down {
            for x in 0..across / 2 {
                let mut block = *plane.block(x, y);
                block[1..].fill(0);
                plane.set(x, y, &block);
            }
        }
    }
    std::fs::write(to, image.write(&[])?)?;
    Ok(())
}
