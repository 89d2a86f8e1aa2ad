//! Parses what `COPY … TO STDOUT (FORMAT binary)` sends, row by row, in place where it can.
//!
//! The format ("COPY", Binary Format): an 11-byte signature, 4 bytes of flags, the length of a header
//! extension and the extension; then rows of a field count (2 bytes) and fields (4 bytes of length,
//! -1 for NULL, and the bytes); then a field count of -1. The server sends one row per message, but
//! nothing here relies on that: what is not a whole row waits in `carry` for its rest.

pub(super) const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// What every stream that this crate sends begins with: no flags, no extension.
pub(super) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// A field that is NULL.
pub(super) const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// What ends a stream.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

#[derive(Clone, Copy, PartialEq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// Takes the stream in pieces of any size.
pub(super) struct Parser {
    columns: u16,
    state: State,
    carry: Vec<u8>,
}

impl Parser {
    pub(super) fn new(columns: u16) -> Self {
        Self { columns, state: State::Header, carry: Vec::new() }
    }

    /// Gives the fields of each complete row (without the field count) to `row`.
    ///
    /// # Errors
    /// What is wrong with the stream, or what `row` says.
    pub(super) fn feed<E: From<Malformed>>(
        &mut self,
        piece: &[u8],
        row: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.carry.is_empty() {
            let used = self.take(piece, row)?;
            self.carry.extend_from_slice(&piece[used..]);
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(piece);
        let used = self.take(&carry, row)?;
        carry.drain(..used);
        self.carry = carry;
        Ok(())
    }

    /// # Errors
    /// When the stream did not end with its trailer.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.state == State::Ended && self.carry.is_empty() {
            return Ok(());
        }
        Err(Malformed("the stream of rows ended before its trailer"))
    }

    /// Takes whole rows off the front; returns how many bytes they were.
    fn take<E: From<Malformed>>(
        &mut self,
        bytes: &[u8],
        row: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        if self.state == State::Header {
            let Some(length) = header_length(bytes)? else { return Ok(0) };
            self.state = State::Rows;
            used = length;
        }
        while let Some((count, fields)) = bytes[used..].split_first_chunk::<2>() {
            if self.state == State::Ended {
                return Err(Malformed("bytes follow the trailer of the stream of rows").into());
            }
            if *count == TRAILER {
                self.state = State::Ended;
                used += 2;
                continue;
            }
            if u16::from_be_bytes(*count) != self.columns {
                return Err(Malformed("a row has another number of fields than asked for").into());
            }
            let Some(length) = fields_length(fields, self.columns)? else { break };
            row(&fields[..length])?;
            used += 2 + length;
        }
        Ok(used)
    }
}

/// A stream that is not what the server documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// `None`: the header is not complete yet.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let seen = bytes.len().min(SIGNATURE.len());
    if bytes[..seen] != SIGNATURE[..seen] {
        return Err(Malformed("the stream of rows lacks the signature of binary COPY"));
    }
    let (Some(flags), Some(extension)) = (be_u32(bytes, 11), be_u32(bytes, 15)) else {
        return Ok(None);
    };
    // The upper 16 bits of the flags are critical: unknown ones mean another format.
    if flags >> 16 != 0 {
        return Err(Malformed("the stream of rows has a flag that this program does not know"));
    }
    let length = usize::try_from(extension).unwrap_or(usize::MAX).saturating_add(HEADER.len());
    Ok((bytes.len() >= length).then_some(length))
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|chunk| u32::from_be_bytes(*chunk))
}

/// Length of `count` fields; `None`: not all of them are there yet.
fn fields_length(bytes: &[u8], count: u16) -> Result<Option<usize>, Malformed> {
    let mut at = 0;
    for _ in 0..count {
        let Some(length) = be_u32(bytes, at) else { return Ok(None) };
        at += 4;
        match length {
            u32::MAX => {}
            0..0x8000_0000 => at += length as usize,
            _ => return Err(Malformed("a field has a negative length")),
        }
    }
    Ok((at <= bytes.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let rows: [&[u8]; 3] = [
            &[0, 2, 0, 0, 0, 1, b'a', 255, 255, 255, 255],
            &[0, 2, 0, 0, 0, 0, 0, 0, 0, 3, b'x', b'y', b'z'],
            &[0, 2, 255, 255, 255, 255, 255, 255, 255, 255],
        ];
        [HEADER.as_slice(), &rows.concat(), &TRAILER].concat()
    }

    fn parse(bytes: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, &'static str> {
        let (mut parser, mut rows) = (Parser::new(2), Vec::new());
        for piece in bytes.chunks(piece) {
            parser
                .feed(piece, &mut |row: &[u8]| {
                    rows.push(row.to_vec());
                    Ok::<(), Malformed>(())
                })
                .map_err(|malformed| malformed.0)?;
        }
        parser.end().map_err(|malformed| malformed.0)?;
        Ok(rows)
    }

    #[test]
    fn pieces_of_any_size_give_the_same_rows() {
        let whole = parse(&stream(), usize::MAX).unwrap();
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0], [0, 0, 0, 1, b'a', 255, 255, 255, 255]);
        for piece in 1..stream().len() {
            assert_eq!(parse(&stream(), piece).as_ref(), Ok(&whole), "pieces of {piece}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_or_damaged_is_refused() {
        let stream = stream();
        for end in 0..stream.len() {
            assert!(parse(&stream[..end], 7).is_err(), "cut at {end}");
        }
        let damaged = |at: usize, byte: u8| {
            let mut bytes = stream.clone();
            bytes[at] = byte;
            parse(&bytes, usize::MAX)
        };
        for (at, byte) in [(0, b'Q'), (12, 1), (20, 3), (21, 128)] {
            assert!(damaged(at, byte).is_err(), "byte {at}");
        }
        assert!(parse(&[stream.as_slice(), &[0, 2]].concat(), usize::MAX).is_err());
    }
}
