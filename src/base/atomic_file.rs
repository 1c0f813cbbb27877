//! Files that are whole or absent: written to a temporary name in the same folder,
//! flushed, synced and renamed. Also the naming rule that never overwrites.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Replaces `path` by `bytes` in one step, creating missing folders.
///
/// # Errors
/// Whatever the file system answers; the old file, if any, is then still whole.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = write_aside(path, |file| file.write_all(bytes))?;
    fs::rename(&temporary, path).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })?;
    sync_parent(path);
    Ok(())
}

/// Writes `bytes` to `path` or, where that exists, to the first free of `stem.1.ext`,
/// `stem.2.ext`, ...; returns the name used. Two programs doing so at once never take the same name.
///
/// # Errors
/// Whatever the file system answers; nothing is overwritten.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    write_new_with(path, |file| file.write_all(bytes))
}

/// [`write_new`] for what is made on the way: `fill` writes into the file, and may go back in it.
///
/// # Errors
/// Whatever the file system or `fill` answers; nothing is overwritten, and nothing half-made stays.
pub fn write_new_with<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<PathBuf, E> {
    let temporary = write_aside(path, fill)?;
    let mut n = 0;
    let result = loop {
        let candidate = numbered(path, n);
        match fs::hard_link(&temporary, &candidate) {
            Ok(()) => break Ok(candidate),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 100_000 => n += 1,
            // A file system without hard links: take the name by creating it.
            Err(_) => match File::create_new(&candidate) {
                Ok(_) => break fs::rename(&temporary, &candidate).map(|()| candidate),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 100_000 => n += 1,
                Err(e) => break Err(e),
            },
        }
    };
    let _ = fs::remove_file(&temporary);
    sync_parent(path);
    Ok(result?)
}

/// `beat.mid` for 0, `beat.1.mid` for 1, ...
fn numbered(path: &Path, n: u32) -> PathBuf {
    if n == 0 {
        return path.to_path_buf();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(ext) => format!("{stem}.{n}.{}", ext.to_string_lossy()),
        None => format!("{stem}.{n}"),
    };
    path.with_file_name(name)
}

fn write_aside<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<PathBuf, E> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path without a file name"))?;
    let temporary = path.with_file_name(format!(
        ".{}.{}-{}.tmp",
        name.to_string_lossy(),
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    ));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        fill(&mut file)?;
        Ok(file.sync_all()?)
    })();
    match written {
        Ok(()) => Ok(temporary),
        Err(e) => {
            let _ = fs::remove_file(&temporary);
            Err(e)
        }
    }
}

/// Makes the rename itself durable; a system that cannot sync folders is left as it is.
fn sync_parent(path: &Path) {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Ok(folder) = File::open(parent.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_made_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/beat.mid");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            write_new(&path, b"three").unwrap(),
            path.with_file_name("beat.1.mid")
        );
        assert_eq!(
            write_new(&path, b"four").unwrap(),
            path.with_file_name("beat.2.mid")
        );
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let torn = write_new_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("torn"))
        });
        assert_eq!(torn.unwrap_err().to_string(), "torn");
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 3, "no temporary file stays behind");
    }
}
