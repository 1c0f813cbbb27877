//! The one owner of [`App`], on the main thread: takes in what happens, hands effects to the
//! workers, draws when something changed. Never waits on anything but its inbox.

use super::hangup::Gone;
use super::logging::Log;
use super::pace::Pace;
use super::signals::{self, Asked, Vigil};
use super::terminal::{Abilities, Screen};
use super::workers::Workers;
use crate::app::{App, Effect, Msg, Signal};
use crate::live::clock::{Clock, SystemClock};
use crate::message::{EngineStatus, HangUp, PlaySource};
use crate::ui::draw::draw;
use crate::ui::keymap;
use crate::ui::look::Look;
use crate::ui::theme::Theme;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use crossterm::event::Event;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time between two ticks while a bar is finished without a screen.
const FINISH: Duration = Duration::from_millis(10);

/// The time between two ticks while nothing moves.
const IDLE: Duration = Duration::from_millis(250);

/// How often the terminal is asked whether it is still there.
const ALIVE_CHECK: Duration = Duration::from_millis(250);

/// The most inputs taken in before a frame is drawn.
const BURST: usize = 256;

/// SIGHUP: what a terminal that went away counts as.
const HANG_UP: i32 = 1;

/// One thing that reaches the main thread.
#[derive(Debug)]
pub enum Input {
    /// From the terminal.
    Terminal(Event),
    /// The terminal took a frame (`true`), or is gone.
    Written(bool),
    /// A signal.
    Asked(Asked),
    /// From a worker.
    Msg(Box<Msg>),
}

/// Starts the thread that reads keys; it ends with the terminal.
///
/// # Errors
/// The system refuses a thread.
pub fn read_terminal(inputs: Sender<Input>) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("keys".into())
        .spawn(move || {
            loop {
                let input = match crossterm::event::poll(ALIVE_CHECK) {
                    Ok(false) if is_hung_up() => Input::Written(false),
                    Ok(false) => continue,
                    Ok(true) => match crossterm::event::read() {
                        Ok(event) => Input::Terminal(event),
                        Err(_) => Input::Written(false),
                    },
                    Err(_) => Input::Written(false),
                };
                let gone = matches!(input, Input::Written(_));
                if inputs.send(input).is_err() || gone {
                    break;
                }
            }
        })?;
    Ok(())
}

/// A hung-up terminal reads as an endless silence, for which a wait without an end would burn a whole
/// core; asking for its modes tells.
fn is_hung_up() -> bool {
    rustix::termios::tcgetattr(rustix::stdio::stdin()).err() == Some(rustix::io::Errno::IO)
}

/// The dashboard while it is open.
pub struct EventLoop {
    /// The state.
    pub app: App,
    /// Where it is drawn.
    pub screen: Screen,
    /// Who does what it wants.
    pub workers: Workers,
    /// What happens.
    pub inputs: Receiver<Input>,
    /// The themes to choose from.
    pub themes: Vec<Theme>,
    /// What the terminal can show.
    pub abilities: Abilities,
    /// How often it is drawn.
    pub pace: Pace,
    /// What is done when the terminal goes away.
    pub on_hang_up: HangUp,
    /// Who watches over the end.
    pub vigil: Vigil,
    /// The log.
    pub log: Arc<Log>,
}

/// What changes from turn to turn.
struct Turn {
    look: Look,
    dirty: bool,
    /// Whether the user did something since the last frame.
    typed: bool,
    /// When the next frame may be drawn.
    due: Instant,
    ticked: Instant,
    status: Arc<EngineStatus>,
    /// The terminal that went away.
    gone: Option<Gone>,
    /// The signal that ended it.
    signal: Option<i32>,
    quit: bool,
}

impl EventLoop {
    /// Runs until the end is asked for; answers with the signal that asked, if one did.
    ///
    /// # Errors
    /// The terminal cannot be drawn to.
    pub fn run(&mut self) -> anyhow::Result<Option<i32>> {
        let start = Instant::now();
        let mut turn = Turn {
            look: self.look(),
            dirty: true,
            typed: true,
            due: start,
            ticked: start,
            status: Arc::default(),
            gone: None,
            signal: None,
            quit: false,
        };
        self.tell(&mut turn, Msg::Start);
        while !turn.quit {
            let next = self.draw(&mut turn)?;
            match self.inputs.recv_deadline(next) {
                Ok(input) => {
                    self.take(&mut turn, input);
                    for _ in 0..BURST {
                        match self.inputs.try_recv() {
                            Ok(input) if !turn.quit => self.take(&mut turn, input),
                            _ => break,
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tick(&mut turn);
        }
        Ok(turn.signal)
    }

    /// Draws if something changed and a frame is due; answers when to look again.
    fn draw(&mut self, turn: &mut Turn) -> anyhow::Result<Instant> {
        let tick = turn.ticked + self.pace(turn);
        if !turn.dirty || turn.gone.is_some() {
            return Ok(tick);
        }
        if Instant::now() < turn.due {
            return Ok(tick.min(turn.due));
        }
        let (app, look) = (&self.app, &turn.look);
        // A frame still on its way says so when it is out; until then nothing is drawn.
        let room = self.pace.room(turn.typed);
        let drawn = self.screen.draw(room, |frame| draw(frame, app, look))?;
        if let Some(drawn) = drawn {
            turn.dirty = drawn.waits;
            turn.typed = false;
            turn.due = self.pace.sent(drawn.bytes, Instant::now());
        }
        Ok(tick)
    }

    fn pace(&self, turn: &Turn) -> Duration {
        match turn.gone.map(|gone| gone.how()) {
            Some(HangUp::PlayOn) => IDLE,
            Some(_) => FINISH,
            None if turn.status.source == PlaySource::Stopped => IDLE,
            None => self.pace.frame(),
        }
    }

    fn tick(&mut self, turn: &mut Turn) {
        let now = Instant::now();
        if now < turn.ticked + self.pace(turn) {
            return;
        }
        turn.ticked = now;
        let status = self.workers.status();
        self.go_on_without_screen(turn, &status, now);
        if !Arc::ptr_eq(&status, &turn.status) && status != turn.status {
            turn.status = Arc::clone(&status);
            self.tell(turn, Msg::Engine(status));
        }
        let now_ns = SystemClock.now_ns();
        self.tell(turn, Msg::Tick { now_ns });
    }

    fn take(&mut self, turn: &mut Turn, input: Input) {
        match input {
            // Nobody looks any more: what is typed or asked of the screen is for whoever has the terminal.
            Input::Terminal(_)
            | Input::Written(_)
            | Input::Asked(Asked::Stop | Asked::Continue)
                if turn.gone.is_some() => {}
            Input::Terminal(event) => {
                if let Some(msg) = translate(event) {
                    turn.typed = true;
                    self.tell(turn, msg);
                }
            }
            Input::Written(true) => {}
            Input::Written(false) | Input::Asked(Asked::HangUp) => self.hang_up(turn),
            Input::Msg(msg) => self.tell(turn, *msg),
            Input::Asked(Asked::End(HANG_UP))
                if turn.gone.is_some_and(|gone| gone.how() == HangUp::PlayOn) =>
            {
                self.finish_bar(turn);
            }
            Input::Asked(Asked::End(number)) => self.end(turn, number),
            Input::Asked(Asked::Stop) => self.suspend(turn),
            Input::Asked(Asked::Continue) => {
                if let Err(error) = self.screen.retake(&self.log) {
                    self.log
                        .line(&format!("the terminal is not to be had again: {error}"));
                    self.hang_up(turn);
                    return;
                }
                // It may have another size by now.
                let (width, height) = self.screen.size();
                self.tell(turn, Msg::Resize { width, height });
                self.tell(turn, Msg::Signal(Signal::Continue));
            }
        }
    }

    /// The terminal went away, which may be told in several ways.
    fn hang_up(&mut self, turn: &mut Turn) {
        let now = Instant::now();
        if turn.gone.is_none() {
            let status = self.workers.status();
            let gone = Gone::new(self.on_hang_up, &status, now);
            turn.gone = Some(gone);
            self.log
                .line(&format!("the terminal went away: {:?}", gone.how()));
            self.workers.leave(gone.how());
            match gone.how() {
                HangUp::Stop => self.end(turn, HANG_UP),
                // What trains ends while the bar is played; the program stays until that is over.
                HangUp::FinishBar => self.tell(turn, Msg::Signal(Signal::End)),
                HangUp::PlayOn => {}
            }
            turn.status = status;
            self.screen.let_go(&self.log);
        }
        if let Some(gone) = &turn.gone {
            match gone.time(now) {
                Some(time) => self.vigil.grant(time),
                None => self.vigil.call_off(),
            }
        }
    }

    /// Another start takes over what plays on without a screen: it ends with its bar.
    fn finish_bar(&mut self, turn: &mut Turn) {
        let now = Instant::now();
        let gone = Gone::new(HangUp::FinishBar, &self.workers.status(), now);
        self.workers.finish_bar();
        self.vigil.grant(gone.time(now).unwrap_or_default());
        turn.gone = Some(gone);
        self.tell(turn, Msg::Signal(Signal::End));
    }

    /// After the terminal went away: ends when what is still played is over, and keeps what the
    /// next start needs to go on.
    fn go_on_without_screen(&mut self, turn: &mut Turn, status: &Arc<EngineStatus>, now: Instant) {
        let Some(gone) = &mut turn.gone else {
            return;
        };
        let how = gone.how();
        if gone.is_over(status, now) {
            // As it was while it played, but with the bar that has been finished since.
            self.workers.note_left(how, Arc::clone(&turn.status));
            self.end(turn, HANG_UP);
        } else if gone.crossed_bar(status) {
            self.workers.note_left(how, Arc::clone(status));
        }
    }

    /// An end that asks nothing.
    fn end(&mut self, turn: &mut Turn, number: i32) {
        turn.signal.get_or_insert(number);
        self.tell(turn, Msg::Signal(Signal::End));
        turn.quit = true;
    }

    fn tell(&mut self, turn: &mut Turn, msg: Msg) {
        turn.dirty = true;
        for effect in self.app.update(msg) {
            match effect {
                // Without a screen it ends when what is played is over.
                Effect::Quit => turn.quit |= turn.gone.is_none(),
                Effect::Redraw => self.screen.forget(),
                Effect::Suspend => self.suspend(turn),
                Effect::SetTheme(_) => turn.look = self.look(),
                // Nobody sees a picture.
                Effect::ComputeSpectrogram { .. } | Effect::PicturePlayed(_)
                    if turn.gone.is_some() => {}
                effect => self.workers.perform(effect),
            }
        }
    }

    fn look(&self) -> Look {
        let mut themes = self.themes.iter();
        let theme = themes.find(|theme| theme.name == self.app.theme);
        let theme = theme.cloned().unwrap_or_else(Theme::plain);
        Look::new(theme, self.abilities.depth, self.abilities.glyphs)
    }

    /// Silence, the terminal back, and stop until the shell goes on (then a signal says so).
    fn suspend(&mut self, turn: &mut Turn) {
        self.workers.silence();
        self.screen.hold().give_back();
        signals::stop_here();
        turn.dirty = true;
    }
}

/// What the terminal says, as the state machine knows it.
fn translate(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => keymap::key(key).map(|key| Msg::Key(key, SystemClock.now_ns())),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize { width, height }),
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
        Event::Mouse(_) => None,
    }
}
