//! Arrays from JSON text.

use runtime::Value;

use super::super::json::{Event, Events};
use super::super::misfit::{Fit, Misfit};
use super::{Encoder, Scratch, field_by, wrong_kind};

/// A column of arrays.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::copy) struct ArrayOf {
    /// Type of the elements, as `array_recv` wants it repeated.
    pub(in crate::copy) element: u32,
    pub(in crate::copy) encoder: Encoder,
}

/// MAXDIM of PostgreSQL.
const MAX_DIMENSIONS: usize = 6;

/// Sizes of the dimensions while they are being found.
#[derive(Default)]
struct Shape {
    dimensions: usize,
    /// Of the first array at each depth; all others must be as long.
    lengths: [Option<i32>; MAX_DIMENSIONS],
    counts: [i32; MAX_DIMENSIONS],
}

impl ArrayOf {
    pub(super) fn put(&self, value: Value<'_>, out: &mut Vec<u8>, scratch: &mut Scratch) -> Fit {
        let Value::Text(text) = value else {
            return Err(wrong_kind(value, "the text of a JSON array"));
        };
        if let Err(error) = std::str::from_utf8(text) {
            return Err(Misfit::new(format!("byte {} is not UTF-8", error.valid_up_to())));
        }
        let (mut open, mut decoded) =
            (std::mem::take(&mut scratch.open), std::mem::take(&mut scratch.text));
        let done = field_by(out, |out| self.put_array(text, &mut open, &mut decoded, out, scratch));
        (scratch.open, scratch.text) = (open, decoded);
        done
    }

    /// dimensions, whether there are NULLs, element type; length and lower bound per dimension; elements.
    fn put_array(
        &self,
        text: &[u8],
        open: &mut Vec<u8>,
        decoded: &mut Vec<u8>,
        out: &mut Vec<u8>,
        scratch: &mut Scratch,
    ) -> Fit {
        let mut shape = self.shape(text)?;
        let head = out.len();
        out.resize(head + 12 + 8 * shape.dimensions, 0);
        let nulls =
            self.put_elements(&mut Events::new(text, open), &mut shape, decoded, out, scratch)?;
        // An array without elements has no dimensions.
        if shape.lengths[0] == Some(0) {
            shape.dimensions = 0;
            out.truncate(head + 12);
        }
        out[head..head + 4].copy_from_slice(&(shape.dimensions as u32).to_be_bytes());
        out[head + 4..head + 8].copy_from_slice(&u32::from(nulls).to_be_bytes());
        out[head + 8..head + 12].copy_from_slice(&self.element.to_be_bytes());
        for (at, length) in shape.lengths[..shape.dimensions].iter().enumerate() {
            let at = head + 12 + 8 * at;
            out[at..at + 4].copy_from_slice(&length.unwrap_or(0).to_be_bytes());
            out[at + 4..at + 8].copy_from_slice(&1_u32.to_be_bytes());
        }
        Ok(())
    }

    /// As many dimensions as brackets open the text; an array of JSON has one.
    fn shape(&self, text: &[u8]) -> Fit<Shape> {
        let brackets = text
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .take_while(|&&byte| byte == b'[')
            .count();
        let nested = !matches!(self.encoder, Encoder::Json | Encoder::Jsonb);
        match brackets {
            0 => Err(Misfit::new("it is not the text of a JSON array")),
            1..=MAX_DIMENSIONS if nested => Ok(Shape { dimensions: brackets, ..Shape::default() }),
            _ if nested => Err(Misfit::new("an array has at most 6 dimensions")),
            _ => Ok(Shape { dimensions: 1, ..Shape::default() }),
        }
    }

    fn put_elements(
        &self,
        events: &mut Events<'_, '_>,
        shape: &mut Shape,
        decoded: &mut Vec<u8>,
        out: &mut Vec<u8>,
        scratch: &mut Scratch,
    ) -> Fit<bool> {
        let mut nulls = false;
        let mut from = 0;
        while let Some(event) = events.next()? {
            match event {
                Event::BeginArray if events.depth() <= shape.dimensions => {}
                Event::EndArray => shape.close(events.depth())?,
                _ if events.depth() < shape.dimensions => return Err(ragged()),
                Event::BeginArray | Event::BeginObject => {
                    let json = self.skip(events, from)?;
                    shape.count();
                    self.encoder.put(Value::Text(json), out, scratch)?;
                }
                scalar => {
                    nulls |= scalar == Event::Null;
                    shape.count();
                    self.put_scalar(scalar, events.text_from(from), decoded, out, scratch)?;
                }
            }
            from = events.at();
        }
        Ok(nulls)
    }

    /// To the end of the container that has just begun, which only elements of JSON may be.
    fn skip<'t>(&self, events: &mut Events<'t, '_>, from: usize) -> Fit<&'t [u8]> {
        if !matches!(self.encoder, Encoder::Json | Encoder::Jsonb) {
            return Err(ragged());
        }
        let depth = events.depth();
        while events.depth() >= depth {
            events.next()?;
        }
        Ok(events.text_from(from))
    }

    fn put_scalar(
        &self,
        scalar: Event<'_>,
        written: &[u8],
        decoded: &mut Vec<u8>,
        out: &mut Vec<u8>,
        scratch: &mut Scratch,
    ) -> Fit {
        let value = match scalar {
            Event::Null => Value::Null,
            _ if matches!(self.encoder, Encoder::Json | Encoder::Jsonb) => Value::Text(written),
            Event::True => Value::Text(b"true"),
            Event::False => Value::Text(b"false"),
            Event::Number(number) => Value::Text(number),
            Event::String(text) if text.escaped => {
                decoded.clear();
                text.unescape(decoded)?;
                Value::Text(decoded)
            }
            Event::String(text) => Value::Text(text.raw),
            _ => return Err(ragged()),
        };
        let put = self.encoder.put(value, out, scratch);
        put.map_err(|misfit| Misfit::new(format!("of an element: {}", misfit.reason())))
    }
}

impl Shape {
    /// One more element, or array, in the innermost array that is open.
    fn count(&mut self) {
        self.counts[self.dimensions - 1] += 1;
    }

    /// The array at `depth` (0: the outermost) ends.
    fn close(&mut self, depth: usize) -> Fit {
        let count = std::mem::take(&mut self.counts[depth]);
        if *self.lengths[depth].get_or_insert(count) != count || (count == 0 && depth > 0) {
            return Err(ragged());
        }
        if depth > 0 {
            self.counts[depth - 1] += 1;
        }
        Ok(())
    }
}

#[cold]
fn ragged() -> Misfit {
    Misfit::new("its nested arrays are not of one depth and length, or hold objects")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, encoder: Encoder) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        ArrayOf { element: 23, encoder }
            .put(Value::Text(text.as_bytes()), &mut out, &mut Scratch::default())
            .map_err(|misfit| misfit.reason().to_owned())?;
        assert_eq!(out[..4], u32::try_from(out.len() - 4).unwrap().to_be_bytes());
        Ok(out[4..].to_vec())
    }

    fn words(bytes: &[u8]) -> Vec<i32> {
        bytes.chunks(4).map(|word| i32::from_be_bytes(word.try_into().unwrap())).collect()
    }

    #[test]
    fn arrays_of_integers() {
        let cases: [(&str, &[i32]); 4] = [
            ("[]", &[0, 0, 23]),
            ("[7, null]", &[1, 1, 23, 2, 1, 4, 7, -1]),
            (" [[1],[2]] ", &[2, 0, 23, 2, 1, 1, 1, 4, 1, 4, 2]),
            ("[\"-3\"]", &[1, 0, 23, 1, 1, 4, -3]),
        ];
        for (text, expected) in cases {
            assert_eq!(
                encoded(text, Encoder::Int4).map(|bytes| words(&bytes)).as_deref(),
                Ok(expected)
            );
        }
        let bad = [
            "",
            "1",
            "{}",
            "[1",
            "[1.5]",
            "[[1],2]",
            "[1,[2]]",
            "[[1],[2,3]]",
            "[[],[]]",
            "[{}]",
            "{1,2}",
        ];
        for text in bad {
            assert!(encoded(text, Encoder::Int4).is_err(), "{text}");
        }
    }

    #[test]
    fn elements_of_json_keep_their_text() {
        let json = encoded(r#"[ {"a":[1]}, "x\n", [2] ,3]"#, Encoder::Json).unwrap();
        let expected = [r#"{"a":[1]}"#, r#""x\n""#, "[2]", "3"];
        let mut rest = &json[20..];
        for text in expected {
            let length = usize::try_from(words(&rest[..4])[0]).unwrap();
            assert_eq!(std::str::from_utf8(&rest[4..4 + length]), Ok(text));
            rest = &rest[4 + length..];
        }
        assert!(rest.is_empty());
    }
}
