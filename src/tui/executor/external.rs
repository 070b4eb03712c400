//! Files of the operator's: a spec to create, and a text in `$VISUAL` or `$EDITOR`.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use crate::spec::document::MAX_TEXT;
use crate::spec::text::escaped;

/// A path as typed; `~/` is the home directory.
pub fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The text of a file; `~/` is the home directory.
///
/// # Errors
/// Why there is none, a sentence.
pub async fn read(path: &str) -> Result<String, String> {
    let file = home(path);
    let work = tokio::task::spawn_blocking(move || {
        let size = std::fs::metadata(&file)?;
        if !size.is_file() || size.len() > MAX_TEXT as u64 {
            let reason = format!("not a file of at most {MAX_TEXT} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, reason));
        }
        std::fs::read_to_string(&file)
    });
    match work.await {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(format!("{}: {error}", escaped(path))),
        Err(error) => Err(format!("{}: {error}", escaped(path))),
    }
}

/// Runs the editor on a text with the error as comment lines on top. The terminal must have been
/// given back. None if the file was left as it was.
///
/// # Errors
/// Why no editor ran, a sentence.
pub async fn edit(text: &str, error: Option<&str>) -> Result<Option<String>, String> {
    let told = |error: std::io::Error| format!("a file for the editor: {error}");
    let mut file = tempfile::Builder::new().prefix("reqspec-").suffix(".json").tempfile().map_err(told)?;
    let comment: String =
        error.into_iter().flat_map(str::lines).map(|line| format!("# {}\n", escaped(line))).collect();
    let given = format!("{comment}{text}\n");
    file.write_all(given.as_bytes()).and_then(|()| file.flush()).map_err(told)?;
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    // As git does: the shell splits the words of the variable, the path stays one word.
    let status = tokio::process::Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), &editor])
        .arg(file.path())
        .stdin(Stdio::inherit())
        .status()
        .await
        .map_err(|error| format!("{editor}: {error}"))?;
    if !status.success() {
        return Err(format!("{editor}: {status}; nothing was changed"));
    }
    let edited = std::fs::read_to_string(file.path()).map_err(told)?;
    Ok((edited != given).then_some(edited))
}
