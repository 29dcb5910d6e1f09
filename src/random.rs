//! Random identifiers.

/// Returns a random GUID, such as a request id or the id of an assertion.
///
/// Without entropy it is all zeros: of no use to support, and of no harm to a request.
pub fn guid() -> String {
    let mut bytes = [0; 16];
    let _ = openssl::rand::rand_bytes(&mut bytes);
    let mut id = bytes.map(|byte| format!("{byte:02x}")).concat();
    for dash in [20, 16, 12, 8] {
        id.insert(dash, '-');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guid_has_the_form_of_a_guid_and_differs_each_time() {
        let (one, other) = (guid(), guid());
        assert_ne!(one, other);
        assert!(one.split('-').map(str::len).eq([8, 4, 4, 4, 12]), "{one}");
    }
}
