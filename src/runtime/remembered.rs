//! The zones' name servers as last seen, kept for a start at which nobody can tell them.

use std::path::{Path, PathBuf};

use crate::dns::ZoneServers;

fn file(state: &Path) -> PathBuf {
    state.join("name-servers.json")
}

/// What was kept; nothing if there is no file or it can't be read: DNS is asked anyway.
pub(super) fn load(state: &Path) -> Vec<ZoneServers> {
    let Ok(text) = std::fs::read_to_string(file(state)) else {
        return Vec::new();
    };
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "the name servers kept from last time can't be read");
        Vec::new()
    })
}

/// Keeps them. What fails is only logged: nothing depends on it now.
pub(super) fn save(state: &Path, servers: &[ZoneServers]) {
    if servers.is_empty() {
        return;
    }
    let kept = serde_json::to_string_pretty(servers)
        .map_err(std::io::Error::other)
        .and_then(|text| {
            std::fs::create_dir_all(state).and_then(|()| std::fs::write(file(state), text))
        });
    if let Err(error) = kept {
        tracing::warn!(%error, "the name servers could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_a_broken_file_is_nothing() {
        let state = tempfile::tempdir().unwrap();
        let servers = vec![ZoneServers {
            zone: "pay.test".to_owned(),
            servers: Vec::new(),
        }];
        save(state.path(), &servers);
        assert_eq!(load(state.path()), servers);
        std::fs::write(file(state.path()), "{").unwrap();
        assert_eq!(load(state.path()), Vec::new());
    }
}
