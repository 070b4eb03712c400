//! The whole app without a terminal: the state machine over a real deployment, drawn into a
//! buffer. For `--headless`, for pictures, and for tests.

use std::io;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::executor::Executor;
use super::theme::Theme;
use super::{Options, TuiError, event_loop, runtime, setup, view};
use crate::app::{Model, Msg, update};
use crate::deployment::Deployment;

/// Longest that a screen waits for what it shows.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks whether anything is under way.
const GLANCE: Duration = Duration::from_millis(1);

/// An app that runs without a terminal.
pub struct Stage {
    runtime: Option<Runtime>,
    model: Model,
    executor: Executor,
    inbox: mpsc::Receiver<Msg>,
}

impl Stage {
    /// Opens it on a screen of that size, at that time (seconds since 1970), and waits for the
    /// first complete screen, counts included.
    ///
    /// # Errors
    /// No runtime could be made.
    pub fn open(deployment: Deployment, size: (u16, u16), now: i64) -> Result<Stage, TuiError> {
        Self::with_options(deployment, &Options::default(), size, now)
    }

    /// The same with options.
    ///
    /// # Errors
    /// No runtime could be made.
    pub fn with_options(
        deployment: Deployment,
        options: &Options,
        size: (u16, u16),
        now: i64,
    ) -> Result<Stage, TuiError> {
        let runtime = runtime()?;
        let mut model = Model::new(setup(Some(&deployment), options, size));
        // Not the clock's: what it shows shall not depend on when it is drawn.
        model.start_at(now);
        let (sender, inbox) = mpsc::channel(event_loop::CHANNEL);
        let executor = Executor::new(Some(deployment), options, sender);
        let mut stage = Stage { runtime: Some(runtime), model, executor, inbox };
        stage.send(Msg::Start);
        Ok(stage)
    }

    /// Presses keys, each after what the one before asked for has come.
    pub fn keys(&mut self, keys: impl IntoIterator<Item = KeyEvent>) {
        keys.into_iter().for_each(|key| self.send(Msg::Key(key)));
    }

    /// What the screen is drawn from.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The screen.
    ///
    /// # Errors
    /// It could not be drawn.
    pub fn screen(&self) -> Result<Buffer, TuiError> {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).map_err(io::Error::other)?;
        terminal.draw(|frame| view::draw(frame, &self.model, &Theme::default())).map_err(io::Error::other)?;
        Ok(terminal.backend().buffer().clone())
    }

    fn send(&mut self, msg: Msg) {
        let Stage { runtime: Some(runtime), model, executor, inbox } = self else { return };
        runtime.block_on(async {
            executor.run_all(update(model, msg));
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline {
                match tokio::time::timeout(GLANCE, inbox.recv()).await {
                    Ok(Some(msg)) => executor.run_all(update(model, timeless(msg))),
                    Ok(None) => break,
                    Err(_) if executor.is_idle() && inbox.is_empty() => break,
                    Err(_) => {}
                }
            }
        });
    }
}

/// Without how long an answer took: what is shown shall not depend on how busy this machine is.
fn timeless(mut msg: Msg) -> Msg {
    if let Msg::Probed { result: Ok(said), .. } = &mut msg {
        said.round_trip = Duration::ZERO;
    }
    msg
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
