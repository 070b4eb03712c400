//! The terminal guard: raw mode, alternate screen, mouse, bracketed paste, and back — on return,
//! on error, and in a panic before its message is printed.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;

/// Whether the terminal is ours now.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether any thread panicked.
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Bytes of one frame that are kept before they are written in one go.
const FRAME: usize = 64 * 1024;

/// The drawing surface.
pub type Surface = ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal, ours until dropped.
pub struct Guard {
    /// Where frames are drawn.
    pub surface: Surface,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// There is none, or it failed; it is as before then.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICKED.store(true, Ordering::SeqCst);
                // Whichever thread it is: nothing may be printed over the screen, and the loop ends.
                let _ = restore();
                previous(panic);
            }));
        });
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME, io::stdout()));
        match ratatui::Terminal::new(backend) {
            Ok(surface) => Ok(Self { surface }),
            Err(error) => {
                let _ = restore();
                Err(error)
            }
        }
    }

    /// Gives the terminal back for a while.
    ///
    /// # Errors
    /// It failed.
    pub fn leave(&mut self) -> io::Result<()> {
        self.surface.backend_mut().flush()?;
        restore()
    }

    /// Takes it again; the next frame draws everything.
    ///
    /// # Errors
    /// It failed.
    pub fn resume(&mut self) -> io::Result<()> {
        take()?;
        // Not `clear`, which asks the terminal where its cursor is.
        let size = self.surface.size()?;
        self.surface.resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))
    }

    /// Puts a text on the terminal's clipboard (OSC 52).
    ///
    /// # Errors
    /// It failed.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let out = self.surface.backend_mut();
        execute!(out, crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.leave();
    }
}

/// Whether any thread panicked since the start.
pub fn panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    ENTERED.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)
        .and_then(|()| out.flush())
        .inspect_err(|_| {
            let _ = restore();
        })
}

/// Gives the terminal back if it is ours. Safe to call from anywhere, any number of times.
fn restore() -> io::Result<()> {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout();
    let written =
        execute!(out, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    disable_raw_mode().and(written)
}
