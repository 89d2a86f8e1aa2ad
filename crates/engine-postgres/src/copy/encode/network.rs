//! UUIDs and network addresses.

use std::net::IpAddr;

use runtime::Value;

use super::super::misfit::{Fit, Misfit};
use super::{field_by, field_of, wrong_kind};

/// 16 bytes, or text in one of the usual forms: with or without hyphens, braces or `urn:uuid:`.
pub(super) fn uuid(value: Value<'_>) -> Fit<[u8; 16]> {
    let parsed = match value {
        Value::Text(text) => uuid::Uuid::try_parse_ascii(text).ok(),
        Value::Blob(blob) => uuid::Uuid::from_slice(blob).ok(),
        _ => return Err(wrong_kind(value, "a UUID")),
    };
    parsed
        .map(uuid::Uuid::into_bytes)
        .ok_or_else(|| Misfit::new("it is neither 16 bytes nor the text of a UUID"))
}

/// `PGSQL_AF_INET` and `PGSQL_AF_INET6` of `utils/inet.h`.
const FAMILY_V4: u8 = 2;
const FAMILY_V6: u8 = 3;

/// Address with an optional `/bits`: family, bits, whether it is a `cidr`, length, address.
pub(super) fn put_inet(value: Value<'_>, cidr: bool, out: &mut Vec<u8>) -> Fit {
    let Value::Text(text) = value else { return Err(wrong_kind(value, "the text of an address")) };
    let (address, bits) = address(text)
        .ok_or_else(|| Misfit::new("it is not the text of an IPv4 or IPv6 address"))?;
    if cidr && has_host_bits(address, bits) {
        return Err(Misfit::new("it has bits set to the right of its mask").help("use `inet`"));
    }
    field_by(out, |out| {
        match address {
            IpAddr::V4(v4) => {
                out.extend_from_slice(&[FAMILY_V4, bits, u8::from(cidr), 4]);
                out.extend_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                out.extend_from_slice(&[FAMILY_V6, bits, u8::from(cidr), 16]);
                out.extend_from_slice(&v6.octets());
            }
        }
        Ok(())
    })
}

fn address(text: &[u8]) -> Option<(IpAddr, u8)> {
    let text = std::str::from_utf8(text).ok()?;
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
        Some(_) => return None,
        None => most,
    };
    (bits <= most).then_some((address, bits))
}

fn has_host_bits(address: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_shl(bits).is_some_and(|host| host != 0),
        IpAddr::V6(v6) => v6.to_bits().checked_shl(bits).is_some_and(|host| host != 0),
    }
}

/// 6 or 8 bytes in hexadecimal, in pairs with `:` or `-` between them, or without anything.
pub(super) fn put_mac(value: Value<'_>, length: usize, out: &mut Vec<u8>) -> Fit {
    let bytes = match value {
        Value::Text(text) => mac(text, length),
        Value::Blob(_) | Value::Null | Value::Integer(_) | Value::Real(_) => {
            return Err(wrong_kind(value, "the text of a MAC address"));
        }
    };
    let bytes = bytes.ok_or_else(|| {
        Misfit::new(format!("it is not the text of a MAC address of {length} bytes"))
    })?;
    field_of(out, &bytes[..length]);
    Ok(())
}

fn mac(text: &[u8], length: usize) -> Option<[u8; 8]> {
    let stride = match text.len() {
        plain if plain == 2 * length => 2,
        parted if parted == 3 * length - 1 => 3,
        _ => return None,
    };
    let mut bytes = [0; 8];
    for (at, pair) in text.chunks(stride).enumerate() {
        let parted = pair.get(2).is_none_or(|mark| *mark == text[2] && matches!(mark, b':' | b'-'));
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (high, low) = (hex(pair[0])?, hex(*pair.get(1)?)?);
        bytes[at] = high << 4 | low;
        if !parted {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(text: &str, cidr: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        put_inet(Value::Text(text.as_bytes()), cidr, &mut out).ok().map(|()| out[4..].to_vec())
    }

    #[test]
    fn addresses() {
        assert_eq!(inet("10.0.0.1/8", false).unwrap(), [2, 8, 0, 4, 10, 0, 0, 1]);
        assert_eq!(inet("10.0.0.0/8", true).unwrap(), [2, 8, 1, 4, 10, 0, 0, 0]);
        assert_eq!(inet("::1", true).unwrap()[..4], [3, 128, 1, 16]);
        assert!(inet("0.0.0.0/0", true).is_some());
        for (text, cidr) in
            [("10.0.0.1/8", true), ("10.0.0.1/33", false), ("10.1", false), ("::1/+8", false)]
        {
            assert_eq!(inet(text, cidr), None, "{text}");
        }
    }

    #[test]
    fn mac_addresses_and_uuids() {
        let mac =
            |text: &str, length| mac(text.as_bytes(), length).map(|bytes| bytes[..length].to_vec());
        assert_eq!(mac("08:00:2b:01:02:0F", 6).unwrap(), [8, 0, 0x2b, 1, 2, 15]);
        assert_eq!(mac("08-00-2b-01-02-03", 6), mac("08002b010203", 6));
        assert!(mac("08:00:2b:01:02:03:04:05", 8).is_some());
        for text in ["08:00-2b:01:02:03", "08:00:2b:01:02", "08:00:2b:01:02:0g", "080:02b:010203"] {
            assert_eq!(mac(text, 6), None, "{text}");
        }
        let text = uuid(Value::Text(b"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}")).unwrap();
        assert_eq!(uuid(Value::Blob(&text)), Ok(text));
        for value in [Value::Text(b"a0eebc99"), Value::Blob(&[0; 15]), Value::Integer(1)] {
            assert!(uuid(value).is_err(), "{value:?}");
        }
    }
}
