//! The peer's side: a script of `benches/peers/` that answers one case a line.

use crate::Outcome;
use crate::ours::Case;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A script under way. It ends when its input does.
pub struct Peer {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a script and prints which versions run.
    pub fn start(python: &Path, script: &str, arguments: &[&str]) -> Outcome<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("benches/peers")
            .join(script);
        let mut child = Command::new(python)
            .arg(&path)
            .arg("--serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", python.display()))?;
        let from = child.stdout.take().ok_or("no output of the peer")?;
        let mut peer = Self {
            to: child.stdin.take(),
            from: BufReader::new(from),
            child,
        };
        println!("peer {}", peer.line()?);
        Ok(peer)
    }

    fn line(&mut self) -> Outcome<Value> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err("the peer has ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Asks for a measurement; the times of all runs in milliseconds.
    fn ask(&mut self, case: &Value) -> Outcome<Vec<f64>> {
        let to = self.to.as_mut().ok_or("the peer has ended")?;
        writeln!(to, "{case}")?;
        to.flush()?;
        let answer = self.line()?;
        if let Some(error) = answer.get("error") {
            return Err(format!("the peer cannot: {error}").into());
        }
        let times = answer.get("times_ms").and_then(Value::as_array);
        let times = times.ok_or("the peer gives no times")?;
        Ok(times.iter().filter_map(Value::as_f64).collect())
    }

    /// A shape of the LSTM.
    pub fn run(
        &mut self,
        what: &str,
        case: Case,
        threads: usize,
        runs: usize,
    ) -> Outcome<Vec<f64>> {
        self.ask(&json!({
            "what": what, "layers": case.layers, "units": case.units, "inputs": case.inputs,
            "steps": case.steps, "batch": case.batch, "threads": threads, "runs": runs,
        }))
    }

    /// The best of some matrix products, GFLOP a second.
    pub fn gflops(&mut self, [m, k, n]: [usize; 3], threads: usize) -> Outcome<f64> {
        let times = self.ask(&json!({
            "what": "gemm", "m": m, "k": k, "n": n, "threads": threads, "runs": 5,
        }))?;
        Ok(2.0 * (m * k * n) as f64 / crate::least(&times) / 1e6)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
