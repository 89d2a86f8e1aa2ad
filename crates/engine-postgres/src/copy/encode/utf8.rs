//! Whether a text that comes in pieces is UTF-8 without NUL.

/// The bytes of a character whose rest has not come yet.
#[derive(Default)]
pub(in crate::copy) struct Utf8(Vec<u8>);

impl Utf8 {
    /// `false`: it is not, whatever comes.
    pub(in crate::copy) fn takes(&mut self, piece: &[u8]) -> bool {
        let mut rest = piece;
        while !self.0.is_empty() {
            let Some((first, after)) = rest.split_first() else { return true };
            self.0.push(*first);
            rest = after;
            match std::str::from_utf8(&self.0) {
                Ok(_) => self.0.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        if memchr::memchr(0, piece).is_some() {
            return false;
        }
        match std::str::from_utf8(rest) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                self.0.extend_from_slice(&rest[error.valid_up_to()..]);
                true
            }
        }
    }

    /// No character is cut off at the end.
    pub(in crate::copy) fn is_complete(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &[u8], piece: usize) -> bool {
        let mut utf8 = Utf8::default();
        text.chunks(piece).all(|piece| utf8.takes(piece)) && utf8.is_complete()
    }

    #[test]
    fn pieces_of_any_size_are_judged_like_the_whole() {
        let texts: [&[u8]; 7] = [
            "aé東😀z".as_bytes(),
            b"",
            b"a\xff",
            b"\xe6\x9d",
            b"a\xc3",
            b"\xed\xa0\x80",
            b"\xf0\x9f\x98",
        ];
        for text in texts {
            for piece in 1..6 {
                assert_eq!(
                    judged(text, piece),
                    std::str::from_utf8(text).is_ok(),
                    "{text:?} by {piece}"
                );
            }
        }
        assert!(!judged(b"a\0b", 2));
    }
}
