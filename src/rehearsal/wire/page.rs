//! Lists in pages: the token is the position of the next item.

use crate::rehearsal::world::ApiError;

/// One page, and the token of the next one if there is more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// The page that begins at `token` (the first one without it), of at most `size` items (at least one).
pub(super) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, ApiError> {
    let start: usize = match token {
        None | Some("") => 0,
        Some(token) => token
            .parse()
            .map_err(|_not_ours: std::num::ParseIntError| {
                ApiError::validation(format!("the token {token:?} is not one of this list's"))
            })?,
    };
    let size = size.max(1);
    let more = items.len() > start.saturating_add(size);
    Ok(Page {
        items: items.into_iter().skip(start).take(size).collect(),
        next: more.then(|| (start + size).to_string()),
    })
}

/// A page's size as the client asks for it, within what the API allows.
pub(super) fn size(asked: Option<i32>, most: usize, usual: usize) -> usize {
    asked
        .and_then(|size| usize::try_from(size).ok())
        .map_or(usual, |size| size.clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once() {
        let all: Vec<u8> = (0..7).collect();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let part = page(all.clone(), token.as_deref(), 3).unwrap();
            seen.extend(part.items);
            token = part.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert_eq!(page(all, Some("x"), 3).unwrap_err().code, "ValidationError");
        assert_eq!(size(Some(0), 100, 50), 1);
        assert_eq!(size(Some(-1), 100, 50), 50);
        assert_eq!(size(Some(5000), 100, 50), 100);
    }
}
