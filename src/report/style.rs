//! The style in the report, with all that it takes to cover a picture like that again.

use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::redact::{Rgb, Sticker, Style};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of a [`Style`], without its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StyleName {
    /// [`Style::Blur`].
    #[default]
    Blur,
    /// [`Style::Solid`].
    Solid,
    /// [`Style::Mosaic`].
    Mosaic,
    /// [`Style::Gaussian`].
    Gaussian,
    /// [`Style::Image`].
    Image,
}

impl StyleName {
    /// Its name in a report: `blur`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blur => "blur",
            Self::Solid => "solid",
            Self::Mosaic => "mosaic",
            Self::Gaussian => "gaussian",
            Self::Image => "image",
        }
    }
}

impl fmt::Display for StyleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What regions are covered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReportStyle {
    /// Which style.
    pub name: StyleName,
    /// Whether the covered pixels left no trace.
    pub irreversible: bool,
    /// Of `solid`: red, green and blue, two hexadecimal digits each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Of `mosaic`: cells across the longer side of a mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<u32>,
    /// Of `image`: [`Sticker::digest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Digest>,
}

impl From<&Style> for ReportStyle {
    fn from(style: &Style) -> Self {
        let mut used = Self {
            name: match style {
                Style::Blur => StyleName::Blur,
                Style::Solid(_) => StyleName::Solid,
                Style::Mosaic(_) => StyleName::Mosaic,
                Style::Gaussian => StyleName::Gaussian,
                Style::Image(_) => StyleName::Image,
            },
            irreversible: style.is_irreversible(),
            color: None,
            cells: None,
            image: None,
        };
        match style {
            Style::Solid(Rgb(r, g, b)) => used.color = Some(format!("{r:02X}{g:02X}{b:02X}")),
            Style::Mosaic(cells) => used.cells = Some(*cells),
            Style::Image(sticker) => used.image = Some(sticker.digest()),
            Style::Blur | Style::Gaussian => {}
        }
        used
    }
}

impl ReportStyle {
    /// The style itself. `sticker` is what `image` needs; other styles do not look at it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the style is not one of ours or contradicts itself, and
    /// for `image` without the very sticker that was used.
    pub fn style(&self, sticker: Option<&Sticker>) -> Result<Style> {
        let wrong = |what: String| Err(Error::new(ErrorKind::InvalidArgument, what));
        let style = match (self.name, sticker) {
            (StyleName::Image, None) => {
                return wrong("style image needs the sticker that was used".into());
            }
            (StyleName::Image, Some(sticker)) if self.image != Some(sticker.digest()) => {
                return wrong("the sticker is another one than the report's".into());
            }
            (StyleName::Image, Some(sticker)) => Style::Image(sticker.clone()),
            _ => match self.plain() {
                Ok(style) => style,
                Err(why) => return wrong(why),
            },
        };
        Ok(style)
    }

    /// Any style but `image`.
    fn plain(&self) -> Result<Style, String> {
        Ok(match self.name {
            StyleName::Blur => Style::Blur,
            StyleName::Gaussian => Style::Gaussian,
            StyleName::Mosaic => {
                let style = Style::Mosaic(self.cells.ok_or("mosaic without cells")?);
                style.check().map_err(|e| e.to_string())?;
                style
            }
            StyleName::Solid => {
                let digits = self.color.as_deref().ok_or("solid without color")?;
                Style::Solid(color(digits).ok_or("color is not six hexadecimal digits")?)
            }
            StyleName::Image => return Err("the style image without its sticker".into()),
        })
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let irreversible = match self.name {
            StyleName::Image if self.image.is_none() => {
                return Some("image without its SHA-256".into());
            }
            StyleName::Image => true,
            _ => match self.plain() {
                Ok(style) => style.is_irreversible(),
                Err(why) => return Some(why),
            },
        };
        let of = |name: StyleName| self.name == name;
        let strange = (self.color.is_some() && !of(StyleName::Solid))
            || (self.cells.is_some() && !of(StyleName::Mosaic))
            || (self.image.is_some() && !of(StyleName::Image));
        if strange {
            return Some(format!("{} has a parameter of another style", self.name));
        }
        (self.irreversible != irreversible).then(|| {
            format!(
                "{} is {}irreversible",
                self.name,
                if irreversible { "" } else { "not " }
            )
        })
    }
}

fn color(digits: &str) -> Option<Rgb> {
    let hexadecimal = digits.len() == 6 && digits.bytes().all(|c| c.is_ascii_hexdigit());
    let byte = |i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok();
    hexadecimal.then_some(())?;
    Some(Rgb(byte(0)?, byte(2)?, byte(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn a_style_is_the_same_after_a_report() {
        let sticker = Sticker::new(Size::new(1, 2), &[9; 8]).expect("valid");
        for style in [
            Style::Blur,
            Style::Solid(Rgb(1, 171, 255)),
            Style::Mosaic(7),
            Style::Gaussian,
            Style::Image(sticker.clone()),
        ] {
            let used = ReportStyle::from(&style);
            assert_eq!(used.fault(), None, "{used:?}");
            let line = serde_json::to_string(&used).expect("written");
            let read: ReportStyle = serde_json::from_str(&line).expect("read");
            assert_eq!(read.style(Some(&sticker)).expect("known"), style, "{line}");
        }
        let other = Sticker::new(Size::new(2, 1), &[9; 8]).expect("valid");
        let used = ReportStyle::from(&Style::Image(sticker));
        assert!(used.style(Some(&other)).is_err() && used.style(None).is_err());
    }

    #[test]
    fn a_style_that_lies_is_found_out() {
        for lie in [
            r#"{"name":"mosaic","irreversible":true,"cells":6}"#,
            r#"{"name":"mosaic","irreversible":false,"cells":65}"#,
            r#"{"name":"mosaic","irreversible":false}"#,
            r#"{"name":"blur","irreversible":true,"cells":6}"#,
            r#"{"name":"solid","irreversible":true,"color":"+12345"}"#,
            r#"{"name":"image","irreversible":true}"#,
        ] {
            let used: ReportStyle = serde_json::from_str(lie).expect("read");
            assert!(used.fault().is_some(), "{lie}");
        }
        let unknown = r#"{"name":"none","irreversible":true}"#;
        assert!(serde_json::from_str::<ReportStyle>(unknown).is_err());
    }
}
