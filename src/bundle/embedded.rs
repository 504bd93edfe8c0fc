//! The bundles that are built into the program.

use include_dir::{Dir, include_dir};

/// Everything under `stacks/`, one folder a bundle.
static STACKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/stacks");

/// The folders of the built-in bundles, by name.
pub(super) fn folders() -> impl Iterator<Item = &'static Dir<'static>> {
    STACKS.dirs().filter(|dir| manifest_of(dir).is_some())
}

/// The folder of one built-in bundle.
pub(super) fn folder(name: &str) -> Option<&'static Dir<'static>> {
    folders().find(|dir| dir.path().as_os_str() == name)
}

/// The folder of the Lambda sources that bundles share.
pub(super) fn common() -> Option<&'static Dir<'static>> {
    STACKS.get_dir("common/lambda")
}

/// A file of a built-in bundle; `path` is relative to the bundle's folder.
pub(super) fn read(dir: &'static Dir<'static>, path: &str) -> Option<&'static str> {
    dir.get_file(dir.path().join(path))?.contents_utf8()
}

fn manifest_of(dir: &'static Dir<'static>) -> Option<&'static str> {
    read(dir, super::load::MANIFEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_what_is_on_disk() {
        let stacks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
        for dir in folders().chain(common()) {
            for file in dir.files() {
                let path = stacks.join(file.path());
                assert_eq!(
                    std::fs::read(&path).unwrap(),
                    file.contents(),
                    "{} changed: touch src/bundle/embedded.rs",
                    path.display()
                );
            }
        }
        let on_disk = std::fs::read_dir(&stacks)
            .unwrap()
            .filter(|entry| {
                let path = entry.as_ref().unwrap().path();
                path.join(super::super::load::MANIFEST).is_file()
            })
            .count();
        assert_eq!(
            folders().count(),
            on_disk,
            "bundles came or went: touch src/bundle/embedded.rs"
        );
    }
}
