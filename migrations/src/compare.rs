//! Comparing what stands with what the file says, field by field, by their printed form: a field that someone adds to a
//! parameter is compared without a line here.

use std::fmt::Debug;

/// A field that is not what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field, as the program names it.
    pub field: String,
    /// On chain.
    pub found: String,
    /// In the file.
    pub wanted: String,
}

/// Every field that differs.
pub fn differences<T: Debug>(found: &T, wanted: &T) -> Vec<Difference> {
    let (found, wanted) = (fields(found), fields(wanted));
    let names = found.iter().chain(&wanted).map(|(field, _)| field);
    let mut differences: Vec<Difference> = vec![];
    for field in names {
        let value = |fields: &[(String, String)]| {
            fields
                .iter()
                .find(|(name, _)| name == field)
                .map_or("nothing".to_owned(), |(_, value)| value.clone())
        };
        let (found, wanted) = (value(&found), value(&wanted));
        if found != wanted && !differences.iter().any(|known| known.field == *field) {
            differences.push(Difference { field: field.clone(), found, wanted });
        }
    }
    differences
}

/// Leaves of a value with their paths, from its pretty form: `name: Type {` opens, `},` closes, `name: 5,` is a leaf; in lists
/// the place is the name. Lists of bytes are one leaf.
fn fields<T: Debug>(value: &T) -> Vec<(String, String)> {
    let text = format!("{value:#?}");
    let (mut leaves, mut path, mut places): (Vec<(String, String)>, Vec<String>, Vec<usize>) =
        (vec![], vec![], vec![]);
    for line in text.lines().map(str::trim) {
        let closes = line.starts_with(['}', ']', ')']);
        if closes {
            path.pop();
            places.pop();
            continue;
        }
        let (name, rest) = match line.split_once(": ") {
            Some((name, rest)) if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                (name.to_owned(), rest)
            }
            _ => match places.last_mut() {
                Some(place) => {
                    *place += 1;
                    ((*place - 1).to_string(), line)
                }
                None => (String::new(), line),
            },
        };
        if rest.ends_with(['{', '[', '(']) {
            path.push(name);
            places.push(0);
        } else {
            let whole: Vec<&str> = path
                .iter()
                .map(String::as_str)
                .chain([name.as_str()])
                .filter(|part| !part.is_empty())
                .collect();
            leaves.push((whole.join("."), rest.trim_end_matches(',').to_owned()));
        }
    }
    leaves
}

#[cfg(test)]
mod tests {
    #![expect(dead_code, reason = "compared in their printed form")]

    use super::*;

    #[derive(Clone, Debug)]
    struct Inner {
        cap: u64,
        rows: [[i16; 2]; 2],
    }

    #[derive(Clone, Debug)]
    struct Outer {
        id: u8,
        inner: Inner,
        rate: Option<Inner>,
    }

    #[test]
    fn every_field_that_differs_is_named_with_its_path() {
        let inner = Inner { cap: 5, rows: [[1, 2], [3, 4]] };
        let found = Outer { id: 1, inner: inner.clone(), rate: None };
        assert_eq!(differences(&found, &found.clone()), []);
        let other = Inner { cap: 6, rows: [[1, 2], [3, -4]] };
        let wanted = Outer { id: 1, inner: other, rate: Some(inner) };
        let named: Vec<_> =
            differences(&found, &wanted).into_iter().map(|d| (d.field, d.found, d.wanted)).collect();
        let difference =
            |field: &str, found: &str, wanted: &str| (field.to_owned(), found.to_owned(), wanted.to_owned());
        assert_eq!(
            named[..3],
            [
                difference("inner.cap", "5", "6"),
                difference("inner.rows.1.1", "4", "-4"),
                difference("rate", "None", "nothing"),
            ]
        );
        assert!(named.contains(&difference("rate.0.cap", "nothing", "5")));
    }
}
