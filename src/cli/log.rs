//! The log: a file under the user's state directory, only when `REQSPEC_LOG` names a level
//! (error, warn, info, debug, trace). Never on the terminal, which belongs to the screen.

use std::fs::{self, OpenOptions};
use std::str::FromStr;
use std::sync::Mutex;

use etcetera::BaseStrategy;
use tracing_subscriber::filter::LevelFilter;

use super::output::say;

/// Start it where it is asked for; a log that cannot be written is no reason not to work.
pub fn start() {
    let Some(level) = std::env::var("REQSPEC_LOG").ok().filter(|value| !value.is_empty()) else { return };
    let Ok(level) = LevelFilter::from_str(&level) else {
        return say(
            "reqspec: warning: REQSPEC_LOG takes error, warn, info, debug or trace; no log is written",
        );
    };
    if let Err(reason) = open(level) {
        say(&format!("reqspec: warning: no log is written: {reason}"));
    }
}

fn open(level: LevelFilter) -> Result<(), String> {
    let base = etcetera::choose_base_strategy().map_err(|error| error.to_string())?;
    let directory = base.state_dir().unwrap_or_else(|| base.data_dir()).join("reqspec");
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let path = directory.join("reqspec.log");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|error| error.to_string())
}
