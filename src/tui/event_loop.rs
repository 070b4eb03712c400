//! Input, answers, frames: one bounded channel, drained, then at most one frame.
//!
//! A frame waits a little for answers that are under way (so that it is complete when databases
//! are quick) and keeps a distance from the last one; nothing is drawn while nothing changes.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::executor::{Executor, Local, external};
use super::terminal::{self, Guard};
use super::theme::Theme;
use super::{Options, TuiError, now, setup, view};
use crate::app::{Effect, Model, Msg, update};
use crate::deployment::Deployment;

/// Answers that may wait; who has more to say waits.
pub const CHANNEL: usize = 256;
/// Longest that the first frame waits for rows.
const FIRST_FRAME: Duration = Duration::from_millis(40);
/// Longest that a later frame waits for an answer that is under way.
const PATIENCE: Duration = Duration::from_millis(4);
/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// Messages that are handled before a frame at most.
const BATCH: usize = 512;

/// How long the loop has to end by itself after the terminal was closed.
const HANG_UP: Duration = Duration::from_secs(1);

/// How a session ends.
pub enum End {
    /// The program is quit.
    Quit,
    /// Another session begins, with that deployment.
    Switch(Box<Deployment>),
}

/// What ends the loop.
enum Stop {
    End(End),
    Failed(TuiError),
}

struct Loop<'a> {
    model: Model,
    executor: Executor,
    inbox: mpsc::Receiver<Msg>,
    events: Option<EventStream>,
    guard: &'a mut Guard,
    theme: Theme,
    drawn: Instant,
    /// Since when something waits to be drawn.
    waiting: Option<Instant>,
}

/// Runs until quit, or until another environment is chosen. `guard` is the terminal, kept from one
/// session to the next and given back with the last.
pub async fn run(
    deployment: Option<Deployment>,
    options: &Options,
    guard: &mut Option<Guard>,
) -> Result<End, TuiError> {
    let mut signals = Signals::new()?;
    let size = crossterm::terminal::size()?;
    let mut model = Model::new(setup(deployment.as_ref(), options, size));
    let (sender, inbox) = mpsc::channel(CHANNEL);
    let mut executor = Executor::new(deployment, options, sender);
    // The databases that are shown are opened while the terminal is made ready.
    let effects = update(&mut model, Msg::Start);
    let (later, now): (Vec<_>, Vec<_>) = effects.into_iter().partition(|effect| can_wait(&model, effect));
    executor.run_all(now);
    tokio::task::yield_now().await;
    let guard = match guard {
        Some(guard) => guard,
        None => guard.insert(Guard::enter()?),
    };
    let now = Instant::now();
    let mut this = Loop {
        model,
        executor,
        inbox,
        events: None,
        guard,
        theme: Theme::from_environment(),
        drawn: now.checked_sub(FRAME).unwrap_or(now),
        waiting: Some(now),
    };
    let stop = match this.first_frame(later).await {
        Ok(()) => this.turn(&mut signals).await,
        Err(stop) => stop,
    };
    this.inbox.close();
    this.executor.end().await;
    drop(this);
    match stop {
        _ if terminal::panicked() => Err(TuiError::Panicked),
        Stop::End(end) => Ok(end),
        Stop::Failed(error) => Err(error),
    }
}

/// Whether an effect may wait for the first frame, which is of the rows. Counting keeps a core busy
/// for a while on a large table; what is known of the other databases is not on it.
fn can_wait(model: &Model, effect: &Effect) -> bool {
    match effect {
        Effect::Count { .. } | Effect::Probe { .. } => true,
        // Without a cell on the right the first frame is to show one.
        Effect::Discover => model.panes.len() > 1,
        _ => false,
    }
}

impl Loop<'_> {
    async fn first_frame(&mut self, mut later: Vec<Effect>) -> Result<(), Stop> {
        let deadline = Instant::now() + FIRST_FRAME;
        while !self.model.is_complete() {
            let msg = match tokio::time::timeout_at(deadline, self.inbox.recv()).await {
                Ok(Some(msg)) => msg,
                Ok(None) | Err(_) => break,
            };
            for effect in update(&mut self.model, msg) {
                if can_wait(&self.model, &effect) {
                    later.push(effect);
                } else {
                    self.carry_out(effect).await?;
                }
            }
        }
        self.draw()?;
        watch_for_hang_up().map_err(|error| Stop::Failed(error.into()))?;
        self.executor.run_all(later);
        self.events = Some(EventStream::new());
        Ok(())
    }

    async fn turn(&mut self, signals: &mut Signals) -> Stop {
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        #[cfg(debug_assertions)]
        panic_if_asked();
        loop {
            if terminal::panicked() {
                return Stop::End(End::Quit);
            }
            let frame_at = self.frame_at();
            let msg = tokio::select! {
                biased;
                () = signals.next() => Some(Msg::Terminate),
                event = next_event(&mut self.events) => match event {
                    Ok(event) => input(event),
                    Err(error) => return Stop::Failed(error.into()),
                },
                Some(msg) = self.inbox.recv() => Some(msg),
                _ = clock.tick() => Some(Msg::Tick(now())),
                () = sleep_until(frame_at.unwrap_or_else(Instant::now)), if frame_at.is_some() => None,
            };
            let handled = match msg {
                Some(msg) => self.batch(msg).await,
                None => Ok(()),
            };
            let drawn = handled.and_then(|()| match self.frame_at() {
                Some(at) if at <= Instant::now() => self.draw(),
                _ => Ok(()),
            });
            if let Err(end) = drawn {
                return end;
            }
        }
    }

    /// When the next frame is due: None if nothing changed.
    fn frame_at(&mut self) -> Option<Instant> {
        if !self.model.dirty {
            self.waiting = None;
            return None;
        }
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let ready = if self.model.is_complete() { since } else { since + PATIENCE };
        Some(ready.max(self.drawn + FRAME))
    }

    /// This message and what came meanwhile.
    async fn batch(&mut self, first: Msg) -> Result<(), Stop> {
        self.step(first).await?;
        for _ in 0..BATCH {
            let msg = match waiting_event(&mut self.events).await {
                Some(event) => input(event),
                None => self.inbox.try_recv().ok(),
            };
            match msg {
                Some(msg) => self.step(msg).await?,
                None => break,
            }
        }
        // Of a resize and a key at the same moment crossterm tells the key alone.
        match crossterm::terminal::size() {
            Ok(size) if size != self.model.size => self.step(Msg::Resize(size.0, size.1)).await,
            _ => Ok(()),
        }
    }

    async fn step(&mut self, msg: Msg) -> Result<(), Stop> {
        for effect in update(&mut self.model, msg) {
            self.carry_out(effect).await?;
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<(), Stop> {
        match self.executor.run(effect) {
            Some(local) => self.local(local).await,
            None => Ok(()),
        }
    }

    /// What only the owner of the terminal can do.
    async fn local(&mut self, local: Local) -> Result<(), Stop> {
        let done = match local {
            Local::Quit => return Err(Stop::End(End::Quit)),
            Local::Switch(deployment) => return Err(Stop::End(End::Switch(deployment))),
            Local::Copy(text) => self.guard.copy(&text),
            Local::Suspend => {
                // Nobody else may read the keyboard meanwhile.
                self.events = None;
                self.guard.leave().and_then(|()| {
                    signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)?;
                    self.guard.resume()
                })
            }
            Local::OpenEditor { request, text, error } => {
                self.events = None;
                match self.guard.leave() {
                    Ok(()) => {
                        let result = external::edit(&text, error.as_deref()).await;
                        let resumed = self.guard.resume();
                        self.executor.answer(Msg::Edited { request, result });
                        resumed
                    }
                    Err(error) => Err(error),
                }
            }
        };
        if self.events.is_none() {
            self.events = Some(EventStream::new());
            if let Ok((width, height)) = crossterm::terminal::size() {
                self.model.size = (width, height);
            }
            self.model.dirty = true;
        }
        done.map_err(|error| Stop::Failed(error.into()))
    }

    fn draw(&mut self) -> Result<(), Stop> {
        // The terminal was given back already, and the message stands there.
        if terminal::panicked() {
            return Err(Stop::End(End::Quit));
        }
        let (model, theme) = (&self.model, &self.theme);
        let drawn = self.guard.surface.draw(|frame| view::draw(frame, model, theme));
        drawn.map_err(|error| Stop::Failed(error.into()))?;
        self.model.dirty = false;
        self.waiting = None;
        self.drawn = Instant::now();
        Ok(())
    }
}

/// Panics where a test of the terminal's restoration asks for it, in this thread or in another;
/// only in builds for development.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what it is for")]
fn panic_if_asked() {
    let panic = || panic!("asked to panic");
    match std::env::var("REQSPEC_TEST_PANIC").as_deref() {
        Ok("loop") => panic(),
        Ok("task") => drop(tokio::task::spawn_blocking(panic)),
        _ => {}
    }
}

fn input(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

async fn next_event(events: &mut Option<EventStream>) -> io::Result<Event> {
    let next = match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    };
    next.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone")))
}

/// An event that has come already. Polled with this task's own waker: the stream keeps the one of
/// its last poll and wakes no other.
async fn waiting_event(events: &mut Option<EventStream>) -> Option<Event> {
    let events = events.as_mut()?;
    let polled = poll_fn(|context| Poll::Ready(events.poll_next_unpin(context))).await;
    match polled {
        Poll::Ready(Some(Ok(event))) => Some(event),
        _ => None,
    }
}

/// When the terminal is closed, crossterm may find the end of its input before we find the signal,
/// and then reads on for ever, in the loop's own thread. Another thread ends the program in that
/// case; there is no terminal left to restore, and changes are safe against being killed.
fn watch_for_hang_up() -> io::Result<()> {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGHUP])?;
    std::thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
        if signals.forever().next().is_some() {
            std::thread::sleep(HANG_UP);
            std::process::exit(0);
        }
    })?;
    Ok(())
}

/// The signals that end the program in an orderly way.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// One of them came.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
