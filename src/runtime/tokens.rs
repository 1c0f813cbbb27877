//! Tokens of receivers: this machine's own in `receive-token` of the state folder, and those of
//! other machines' in `tokens.json` beside it; both for their owner's eyes only. What a token is for
//! lives in `live::net::secret`. A broken file is reported and kept.

use super::paths::Paths;
use crate::base::text::{sanitize, sanitize_path};
use crate::live::net::secret::{Key, LEAST_SIGNS, new_token};
use crate::message::{OutputSpec, Remote, Token};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that names a token.
pub const VARIABLE: &str = "BEATGEN_TOKEN";

/// A file larger than this is none of ours.
const MOST_BYTES: u64 = 1 << 20;

/// A token, and what was in the way of it, in sentences for the user.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Empty where there is none.
    pub token: Token,
    /// Files that could not be read, and what became of them.
    pub problems: Vec<String>,
}

/// The token of the receiver on this machine: made at the first use, the same ever after.
///
/// # Errors
/// The file system's, or the system has no random numbers.
pub fn own(paths: &Paths) -> io::Result<Found> {
    let path = own_file(paths);
    let mut problems = Vec::new();
    if let Some(token) = read_own(&path, &mut problems) {
        return Ok(Found { token, problems });
    }
    let token = new_token()?;
    match create_secret(&path, format!("{}\n", token.0).as_bytes()) {
        Ok(()) => Ok(Found { token, problems }),
        // Another receiver was quicker: both have one token.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            problems.clear();
            match read_own(&path, &mut problems) {
                Some(token) => Ok(Found { token, problems }),
                None => Err(io::Error::other(problems.join("; "))),
            }
        }
        Err(e) => Err(e),
    }
}

/// Gives a receiver's address the token that opens it, and keeps one that the user gave with it
/// for the next time. Answers with what was in the way, in sentences.
pub fn fill_in_token(paths: &Paths, spec: &mut OutputSpec) -> Vec<String> {
    let OutputSpec::Tcp(remote) = spec else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if let Err(error) = learn(paths, remote) {
        problems.push(format!("the token for {remote} is not kept: {error}"));
    }
    let found = for_remote(paths, remote);
    problems.extend(found.problems);
    remote.token = found.token;
    problems
}

/// The token for the receiver at `remote`: the one in it, else that of [`VARIABLE`], else the
/// one that served there before, else this machine's own, for a receiver that runs here.
#[must_use]
pub fn for_remote(paths: &Paths, remote: &Remote) -> Found {
    find(paths, remote, std::env::var(VARIABLE).ok())
}

fn find(paths: &Paths, remote: &Remote, variable: Option<String>) -> Found {
    let said = Some(remote.token.0.clone()).filter(|text| !text.is_empty());
    let variable = variable.filter(|text| !text.trim().is_empty());
    if let Some(text) = said.or(variable) {
        return Found {
            token: Token(text.trim().to_owned()),
            problems: Vec::new(),
        };
    }
    let mut problems = Vec::new();
    let learned = read_learned(&learned_file(paths), &mut problems).remove(&remote.to_string());
    let token = learned.map(Token);
    let token = token.or_else(|| read_own(&own_file(paths), &mut problems));
    Found {
        token: token.unwrap_or_default(),
        problems,
    }
}

/// Keeps the token in `remote` for the next time; one without a token changes nothing.
///
/// # Errors
/// The file system's.
pub fn learn(paths: &Paths, remote: &Remote) -> io::Result<()> {
    let path = learned_file(paths);
    if remote.token.0.is_empty() {
        return Ok(());
    }
    let mut learned = read_learned(&path, &mut Vec::new());
    let place = remote.to_string();
    if learned.get(&place) == Some(&remote.token.0) {
        return Ok(());
    }
    learned.insert(place, remote.token.0.clone());
    let mut text = serde_json::to_vec_pretty(&learned)?;
    text.push(b'\n');
    let aside = write_aside(&path, &text)?;
    fs::rename(&aside, &path).inspect_err(|_| drop(fs::remove_file(&aside)))
}

/// The token in a file that the user names.
///
/// # Errors
/// A sentence: it cannot be read, or holds no token.
pub fn from_file(path: &Path) -> Result<Token, String> {
    let said = |why: &str| format!("{}: {}", sanitize_path(path), sanitize(why));
    let bytes = read_small(path).map_err(|e| said(&e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| said("it holds no text"))?;
    let token = Token(text.trim().to_owned());
    match Key::of(&token) {
        Some(_) => Ok(token),
        None => Err(said(&format!(
            "a token has at least {LEAST_SIGNS} letters or digits"
        ))),
    }
}

fn own_file(paths: &Paths) -> PathBuf {
    paths.state.join("receive-token")
}

fn learned_file(paths: &Paths) -> PathBuf {
    paths.state.join("tokens.json")
}

/// This machine's own token, if there is one; a broken file is moved aside.
fn read_own(path: &Path, problems: &mut Vec<String>) -> Option<Token> {
    let bytes = read(path, problems)?;
    let text = String::from_utf8_lossy(&bytes);
    let token = Token(text.trim().to_owned());
    if Key::of(&token).is_some() && !text.trim().contains(char::is_control) {
        return Some(token);
    }
    set_aside(path, &bytes, "it holds no token", problems);
    None
}

/// Tokens by `host:port`; a broken file is moved aside.
fn read_learned(path: &Path, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let Some(bytes) = read(path, problems) else {
        return BTreeMap::new();
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        set_aside(path, &bytes, &error.to_string(), problems);
        BTreeMap::new()
    })
}

/// A file's bytes; a missing file is no problem.
fn read(path: &Path, problems: &mut Vec<String>) -> Option<Vec<u8>> {
    match read_small(path) {
        Ok(bytes) => Some(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => {
            problems.push(format!("{} cannot be read: {e}", sanitize_path(path)));
            None
        }
    }
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MOST_BYTES {
        return Err(io::Error::other("it is too large"));
    }
    fs::read(path)
}

/// Keeps a broken file under another name.
fn set_aside(path: &Path, bytes: &[u8], why: &str, problems: &mut Vec<String>) {
    let kept = write_aside(path, bytes).and_then(|aside| {
        let name = free_name(path);
        fs::rename(&aside, &name)?;
        fs::remove_file(path)?;
        Ok(name)
    });
    let kept = match kept {
        Ok(name) => format!("it is kept as {}", sanitize_path(&name)),
        Err(e) => format!("it stays where it is ({e})"),
    };
    problems.push(format!(
        "{} cannot be used ({}); {kept}",
        sanitize_path(path),
        sanitize(why)
    ));
}

/// `tokens.broken`, `tokens.1.broken`, ... whichever is free.
fn free_name(path: &Path) -> PathBuf {
    let names = (0..1_000).map(|n| match n {
        0 => path.with_extension("broken"),
        n => path.with_extension(format!("{n}.broken")),
    });
    let mut names = names.filter(|name| !name.exists());
    names
        .next()
        .unwrap_or_else(|| path.with_extension("last.broken"))
}

/// Writes a file that was not there before, whole or not at all.
fn create_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = write_aside(path, bytes)?;
    let made = match fs::hard_link(&aside, path) {
        // A file system without hard links.
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists && !path.exists() => {
            return fs::rename(&aside, path);
        }
        made => made,
    };
    let _ = fs::remove_file(&aside);
    made
}

/// Writes a file beside `path` that only its owner can read, and gives its name.
fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let own = format!(
        "{}-{}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    );
    let aside = path.with_file_name(format!(".{name}.{own}.tmp"));
    // What an earlier process of that number left.
    let _ = fs::remove_file(&aside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    match written {
        Ok(()) => Ok(aside),
        Err(e) => {
            let _ = fs::remove_file(&aside);
            Err(e)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(dir: &tempfile::TempDir) -> Paths {
        Paths {
            config: dir.path().join("config"),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
        }
    }

    fn remote(host: &str, token: &str) -> Remote {
        Remote {
            host: host.into(),
            port: 7373,
            token: Token(token.into()),
        }
    }

    fn names(paths: &Paths) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&paths.state)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_receiver_keeps_its_token_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let first = own(&paths).unwrap();
        assert!(Key::of(&first.token).is_some() && first.problems.is_empty());
        assert_eq!(own(&paths).unwrap().token.0, first.token.0);
        learn(&paths, &remote("box", "a-token-of-the-box")).unwrap();
        assert_eq!(names(&paths), ["receive-token", "tokens.json"]);
        #[cfg(unix)]
        for name in names(&paths) {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(paths.state.join(&name)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn the_nearest_word_on_a_token_counts() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        let nowhere = find(&paths, &remote("box", ""), None);
        assert!(nowhere.token.0.is_empty() && !paths.state.exists());
        let mine = own(&paths).unwrap().token.0;
        let token = |host: &str, said: &str, variable: Option<&str>| {
            let found = find(&paths, &remote(host, said), variable.map(String::from));
            assert!(found.problems.is_empty(), "{:?}", found.problems);
            found.token.0
        };
        assert_eq!(token("box", "", None), mine);
        learn(&paths, &remote("box", "learned-for-the-box")).unwrap();
        learn(&paths, &remote("box", "")).unwrap();
        learn(&paths, &remote("other", "learned-for-another")).unwrap();
        assert_eq!(token("box", "", None), "learned-for-the-box");
        assert_eq!(token("third", "", None), mine);
        assert_eq!(token("box", "", Some(" from-outside\n")), "from-outside");
        assert_eq!(token("box", "said", Some("from-outside")), "said");
        learn(&paths, &remote("box", "another-for-the-box")).unwrap();
        assert_eq!(token("box", "", Some("")), "another-for-the-box");
    }

    #[test]
    fn broken_files_are_reported_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths(&dir);
        fs::create_dir_all(&paths.state).unwrap();
        for n in 1..3 {
            fs::write(own_file(&paths), b"x\x1b\xff").unwrap();
            fs::write(learned_file(&paths), b"{\"box:7373\": 5}").unwrap();
            let found = own(&paths).unwrap();
            assert_eq!(found.problems.len(), 1);
            assert!(Key::of(&found.token).is_some());
            let found = find(&paths, &remote("box", ""), None);
            assert!(found.problems[0].contains("broken"), "{:?}", found.problems);
            let kept = names(&paths)
                .iter()
                .filter(|n| n.contains("broken"))
                .count();
            assert_eq!(kept, 2 * n);
        }
        assert_eq!(
            fs::read(paths.state.join("receive-token.broken")).unwrap(),
            b"x\x1b\xff"
        );
    }

    #[test]
    fn a_token_file_says_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        assert!(from_file(&path).unwrap_err().contains("token"));
        fs::write(&path, "short\n").unwrap();
        assert!(from_file(&path).unwrap_err().contains("at least 12"));
        fs::write(&path, "  long-enough-a-token \n").unwrap();
        assert_eq!(from_file(&path).unwrap().0, "long-enough-a-token");
    }
}
