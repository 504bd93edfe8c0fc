//! Reads bundles from the program itself or from a folder, and never a file outside of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use include_dir::Dir;
use serde_json::Value;

use crate::bundle::error::{BundleError, Problem};
use crate::bundle::manifest::Manifest;
use crate::bundle::{Bundle, Origin, embedded, inline, json, verify};

/// The manifest's file name.
pub(super) const MANIFEST: &str = "bundle.json";
/// How a template names a Lambda source that bundles share.
const COMMON: &str = "../common/lambda/";
/// No file of a bundle is larger; CloudFormation itself takes 51,200 bytes of template.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Every bundle that can be used: those built in, or those of the given folder.
///
/// The folder is a bundle itself, or holds bundles.
pub fn catalogue(dir: Option<&Path>) -> Result<Vec<Bundle>, BundleError> {
    let mut bundles = match dir {
        None => embedded::folders()
            .map(|dir| Folder::BuiltIn(dir).load())
            .collect::<Result<Vec<_>, _>>()?,
        Some(dir) => on_disk(dir)?
            .into_iter()
            .map(|dir| Folder::open(&dir)?.load())
            .collect::<Result<Vec<_>, _>>()?,
    };
    bundles.sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
    let names: BTreeSet<&str> = bundles.iter().map(|b| b.manifest.name.as_str()).collect();
    if let (Some(dir), true) = (dir, names.len() < bundles.len()) {
        return Err(BundleError::unreadable(
            &dir.display().to_string(),
            &"two bundles there have the same name",
        ));
    }
    Ok(bundles)
}

/// The bundle of that name; a built-in one is read without reading the others.
pub fn find(dir: Option<&Path>, name: &str) -> Result<Bundle, BundleError> {
    if let (None, Some(folder)) = (dir, embedded::folder(name)) {
        return Folder::BuiltIn(folder).load();
    }
    let all = catalogue(dir)?;
    let known: Vec<String> = all.iter().map(|b| b.manifest.name.clone()).collect();
    all.into_iter()
        .find(|bundle| bundle.manifest.name == name)
        .ok_or_else(|| BundleError::Unknown {
            name: crate::domain::text::clean(name),
            known: known.join(", "),
        })
}

/// The templates of a bundle's folder that do not hold their sources yet, with the text they should have.
///
/// This is the command behind the test that shipped templates are inlined; the caller writes the files.
pub fn inlined(dir: &Path) -> Result<Vec<(PathBuf, String)>, BundleError> {
    let folder = Folder::open(dir)?;
    let manifest = Manifest::parse(&folder.shown(MANIFEST), &folder.read(MANIFEST)?)?;
    let names: BTreeSet<&str> = manifest
        .stacks
        .iter()
        .map(|s| s.template.as_str())
        .collect();
    let mut changed = Vec::new();
    for name in names {
        let text = folder.read(name)?;
        let wanted = inline::inline(&text, &|source| folder.read(source))?;
        if wanted != text {
            changed.push((dir.join(name), wanted));
        }
    }
    Ok(changed)
}

/// The folders with a manifest: this one, or those directly below it.
fn on_disk(dir: &Path) -> Result<Vec<PathBuf>, BundleError> {
    if dir.join(MANIFEST).is_file() {
        return Ok(vec![dir.to_owned()]);
    }
    let shown = dir.display().to_string();
    let entries = std::fs::read_dir(dir).map_err(|e| BundleError::unreadable(&shown, &e))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.join(MANIFEST).is_file())
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(BundleError::NoBundle { path: shown });
    }
    Ok(found)
}

/// Where the files of one bundle are.
enum Folder {
    BuiltIn(&'static Dir<'static>),
    /// Canonical, so that a link cannot lead out of it unseen.
    Disk(PathBuf),
}

impl Folder {
    fn open(dir: &Path) -> Result<Self, BundleError> {
        dir.canonicalize()
            .map(Self::Disk)
            .map_err(|e| BundleError::unreadable(&dir.display().to_string(), &e))
    }

    fn load(&self) -> Result<Bundle, BundleError> {
        let manifest = Manifest::parse(&self.shown(MANIFEST), &self.read(MANIFEST)?)?;
        let names: BTreeSet<&str> = manifest
            .stacks
            .iter()
            .map(|s| s.template.as_str())
            .collect();
        let mut trees = BTreeMap::new();
        for name in names {
            let tree = json::parse(&self.read(name)?)
                .map_err(|e| BundleError::one(&self.shown(name), "", &e.to_string()))?;
            trees.insert(name.to_owned(), tree);
        }
        let file = self.shown(MANIFEST);
        let problems = verify::problems(&manifest, &trees)
            .into_iter()
            .map(|(path, reason)| Problem::new(&file, &path, &reason))
            .collect();
        BundleError::unless_empty(problems)?;
        Ok(self.bundle(manifest, &trees))
    }

    fn bundle(&self, manifest: Manifest, trees: &BTreeMap<String, Value>) -> Bundle {
        let wanted: BTreeSet<String> = trees.values().flat_map(inline::sources).collect();
        Bundle {
            manifest,
            templates: trees
                .iter()
                .map(|(name, tree)| (name.clone(), tree.to_string()))
                .collect(),
            // A source that cannot be read is a finding of the checks, not a reason to stop an operator.
            sources: wanted
                .into_iter()
                .filter_map(|name| {
                    let text = self.read(&name).ok()?;
                    Some((name, text))
                })
                .collect(),
            origin: match self {
                Self::BuiltIn(_) => Origin::BuiltIn,
                Self::Disk(path) => Origin::Folder(path.clone()),
            },
        }
    }

    /// What errors call a file.
    fn shown(&self, name: &str) -> String {
        match self {
            Self::BuiltIn(dir) => format!("stacks/{}/{name}", dir.path().display()),
            Self::Disk(dir) => dir.join(name).display().to_string(),
        }
    }

    /// The sources that bundles share: a folder beside this one.
    fn common(&self) -> Result<Self, BundleError> {
        match self {
            Self::BuiltIn(_) => embedded::common()
                .map(Self::BuiltIn)
                .ok_or_else(|| BundleError::unreadable(COMMON, &"no such folder in this program")),
            Self::Disk(dir) => Self::open(&dir.join(COMMON)),
        }
    }

    /// Reads a file of the folder, or of the one with shared sources; anything that would lead out of it is refused.
    fn read(&self, name: &str) -> Result<String, BundleError> {
        let shown = self.shown(name);
        if let Some(shared) = name.strip_prefix(COMMON) {
            return self.common().and_then(|common| common.read(shared));
        }
        if !stays_inside(name) {
            return Err(BundleError::one(
                &self.shown(MANIFEST),
                "",
                &format!("`{name}` is not a plain path inside the bundle's folder"),
            ));
        }
        match self {
            Self::BuiltIn(dir) => embedded::read(dir, name)
                .map(str::to_owned)
                .ok_or_else(|| BundleError::unreadable(&shown, &"no such file in this program")),
            Self::Disk(dir) => {
                read_inside(dir, name).map_err(|e| BundleError::unreadable(&shown, &e))
            }
        }
    }
}

/// Whether a name is relative and made of plain components only.
pub(super) fn stays_inside(name: &str) -> bool {
    let path = Path::new(name);
    !name.is_empty()
        && !name.contains(['\\', '\0', ':'])
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

fn read_inside(dir: &Path, name: &str) -> Result<String, String> {
    let path = dir
        .join(name)
        .canonicalize()
        .map_err(|error| error.to_string())?;
    if !path.starts_with(dir) {
        return Err("a link leads out of the bundle's folder".into());
    }
    // Asked before opening: opening a pipe would wait for its other end.
    if !path.is_file() {
        return Err("not a regular file".into());
    }
    let file = std::fs::File::open(&path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file
        .take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples;

    #[test]
    fn a_folder_is_a_bundle_or_holds_bundles() {
        let dir = samples::on_disk(&samples::manifest());
        for place in [dir.path().to_owned(), dir.path().join("sample")] {
            let all = catalogue(Some(&place)).unwrap();
            assert_eq!(all.len(), 1);
            assert_eq!(find(Some(&place), "sample").unwrap(), all[0]);
        }
        let unknown = find(Some(dir.path()), "other").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown bundle `other`; there are: sample"
        );
    }

    #[test]
    fn nothing_outside_the_folder_is_read() {
        for bad in [
            "../secret.json",
            "/etc/passwd",
            "a/../../secret.json",
            "..\\secret.json",
            "C:secret.json",
            "",
            ".",
        ] {
            assert!(!stays_inside(bad), "{bad}");
            let mut manifest = samples::manifest();
            manifest["stacks"][0]["template"] = bad.into();
            let dir = samples::on_disk(&manifest);
            std::fs::write(dir.path().join("secret.json"), "{}").unwrap();
            let error = catalogue(Some(dir.path())).unwrap_err().to_string();
            assert!(
                error.contains("is not a plain path inside the bundle's folder"),
                "{error}"
            );
        }
    }

    #[test]
    fn shared_sources_are_read_beside_the_bundle_and_nowhere_else() {
        let dir = samples::on_disk(&samples::manifest());
        std::fs::create_dir_all(dir.path().join("common/lambda")).unwrap();
        std::fs::write(dir.path().join("common/lambda/f.py"), "shared").unwrap();
        std::fs::write(dir.path().join("common/secret.py"), "secret").unwrap();
        let folder = Folder::open(&dir.path().join("sample")).unwrap();
        assert_eq!(folder.read("../common/lambda/f.py").unwrap(), "shared");
        for bad in ["../common/lambda/../secret.py", "../common/secret.py"] {
            let error = folder.read(bad).unwrap_err().to_string();
            assert!(error.contains("is not a plain path"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_refused() {
        let mut manifest = samples::manifest();
        manifest["stacks"][0]["template"] = "link.json".into();
        let dir = samples::on_disk(&manifest);
        std::fs::write(dir.path().join("secret.json"), "{}").unwrap();
        std::os::unix::fs::symlink("../secret.json", dir.path().join("sample/link.json")).unwrap();
        let error = catalogue(Some(dir.path())).unwrap_err().to_string();
        assert!(
            error.contains("leads out of the bundle's folder"),
            "{error}"
        );
    }

    #[test]
    fn a_source_that_changed_is_inlined() {
        let dir = samples::on_disk(&samples::manifest());
        let folder = dir.path().join("sample");
        std::fs::write(folder.join("lambda/f.py"), "pass\n").unwrap();
        let changed = inlined(&folder).unwrap();
        let region = changed
            .iter()
            .find(|(path, _)| path.ends_with("region.json"));
        let (path, text) = region.unwrap();
        assert!(text.contains("\"ZipFile\": \"pass\\n\""));
        std::fs::write(path, text).unwrap();
        let again = inlined(&folder).unwrap();
        assert!(!again.iter().any(|(path, _)| path.ends_with("region.json")));
    }

    #[test]
    fn an_empty_and_a_missing_folder_say_so() {
        let empty = tempfile::tempdir().unwrap();
        let error = catalogue(Some(empty.path())).unwrap_err().to_string();
        assert!(error.contains("holds no bundle"), "{error}");
        let error = catalogue(Some(&empty.path().join("x")))
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }

    #[test]
    fn a_template_that_is_no_json_is_named() {
        let dir = samples::on_disk(&samples::manifest());
        std::fs::write(dir.path().join("sample/region.json"), "{\"Resources\": }").unwrap();
        let error = catalogue(Some(dir.path())).unwrap_err().to_string();
        assert!(
            error.contains("region.json: expected value at line 1"),
            "{error}"
        );
    }

    #[test]
    fn the_built_in_bundles_load_and_are_named_like_their_folders() {
        let all = catalogue(None).unwrap();
        assert!(!all.is_empty());
        for bundle in all {
            let found = find(None, &bundle.manifest.name).unwrap();
            assert_eq!(found, bundle);
            assert!(embedded::folder(&bundle.manifest.name).is_some());
        }
    }
}
