//! How a run is told to stop.

use std::io;

use tokio_util::sync::{CancellationToken, DropGuard};

/// The exit code of a process that was told to end for the third time: that of SIGINT.
const IMPATIENT: i32 = 130;

/// How a run is told to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Nothing new is begun, and what is under way gets a few seconds to come to an end: the first Ctrl-C.
    pub stop: CancellationToken,
    /// What is under way is left as it is: the second Ctrl-C.
    pub kill: CancellationToken,
}

impl Interrupt {
    /// Listens to the signals with which terminals and CI systems end a process: the first one stops, the second one,
    /// of whatever sort, kills, and a third one ends the process where it stands. Dropping the guard ends all that,
    /// but from the first call on these signals never end the process by themselves. Must be called inside a runtime.
    ///
    /// GitHub, for example, sends SIGINT, 7.5 s later SIGTERM, and kills 2.5 s after that.
    pub fn listen(&self) -> io::Result<DropGuard> {
        let mut signals = Signals::new()?;
        let Self { stop, kill } = self.clone();
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        tokio::spawn(async move {
            for told in [Some(stop), Some(kill), None] {
                tokio::select! {
                    () = end.cancelled() => return,
                    () = signals.next() => {}
                }
                match told {
                    Some(told) => told.cancel(),
                    None => std::process::exit(IMPATIENT),
                }
            }
        });
        Ok(guard)
    }
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same on all systems")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn hang_up() {
        let command = format!("kill -HUP {}", std::process::id());
        assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    #[tokio::test]
    async fn the_first_signal_stops_and_the_second_kills() {
        let interrupt = Interrupt::default();
        let _guard = interrupt.listen().unwrap();
        hang_up();
        interrupt.stop.cancelled().await;
        assert!(!interrupt.kill.is_cancelled());
        hang_up();
        interrupt.kill.cancelled().await;
    }
}
