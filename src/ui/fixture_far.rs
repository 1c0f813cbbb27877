//! Apps whose outputs are on the network, for the tests of this room.

use super::fixture::{SECOND, engine, fresh, run, tick};
use crate::app::{App, Command, Msg, Setup};
use crate::message::{
    LinkView, OutputSetup, OutputSpec, OutputState, OutputView, PlaySource, Remote, Token,
};
use std::sync::Arc;

/// The outputs of an app whose drum machine is elsewhere: a receiver that some events reach
/// late, a port with clock, and an RTP-MIDI peer in a state.
pub fn far_outputs(late: u64, rtp: OutputState) -> Vec<OutputView> {
    let receiver = OutputView {
        clock: true,
        link: Some(LinkView {
            rtt_us: 42_300,
            delay_ms: 40,
            wanted_delay_ms: if late > 0 { 70 } else { 35 },
            played: 12_345,
            late,
            p99_late_us: 412,
            far: "Digitakt MIDI 1".into(),
            trouble: String::new(),
        }),
        ..OutputView::plain(
            OutputSpec::Tcp(remote("127.0.0.1", 7373)),
            "tcp://127.0.0.1:7373".into(),
        )
    };
    let port = OutputView {
        clock: true,
        latency_ms: 3,
        ..OutputView::plain(
            OutputSpec::Port("TR-8S".into()),
            "TR-8S:TR-8S MIDI 1 24:0".into(),
        )
    };
    let peer = OutputView {
        state: rtp,
        ..OutputView::plain(
            OutputSpec::Rtp(remote("studio.local", 5004)),
            "rtp://studio.local:5004".into(),
        )
    };
    vec![receiver, port, peer]
}

/// A place on the network.
pub fn remote(host: &str, port: u16) -> Remote {
    Remote {
        host: host.into(),
        port,
        token: Token::default(),
    }
}

/// An app that plays, with [`far_outputs`] set and seen.
pub fn far(width: u16, height: u16, late: u64, rtp: OutputState) -> App {
    let mut app = fresh(width, height);
    let mut settings = app.settings();
    settings.outputs = far_outputs(0, OutputState::Ok)
        .into_iter()
        .map(|view| OutputSetup {
            spec: view.spec,
            clock: view.clock,
            latency_ms: view.latency_ms,
        })
        .collect();
    app = App::new(Setup {
        settings,
        kits: vec!["digitakt".into()],
        size: (width, height),
        has_synth: true,
        has_ports: true,
        ..Setup::default()
    });
    run(&mut app, Command::PlayStop);
    for (bar, late) in [(34, 0), (35, 0), (36, late)] {
        tick(&mut app, 2 * SECOND);
        let mut status = engine(bar * 16 + 10, PlaySource::Generator);
        status.outputs = far_outputs(late, rtp.clone());
        app.update(Msg::Engine(Arc::new(status)));
    }
    app
}
