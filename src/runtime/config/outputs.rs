//! `midi_out` of `config.toml`: a word, a table, or a list of them.

use crate::message::{MOST_LATENCY_MS, OutputSetup};
use toml::Value;

/// Outputs there may be at once.
const MOST: usize = 4;

const SHAPE: &str = "give a word such as \"TR-8S\", or a table such as \
                     { to = \"TR-8S\", clock = true, latency_ms = -12 }, or a list of them";

/// The outputs as they are written.
///
/// # Errors
/// What is wrong and what would be taken.
pub(super) fn read(value: &Value) -> Result<Vec<OutputSetup>, String> {
    let setups: Vec<OutputSetup> = match value {
        Value::Array(list) => list.iter().map(setup).collect::<Result<_, _>>()?,
        one => vec![setup(one)?],
    };
    if setups.len() > MOST {
        return Err(format!("there can be {MOST} outputs, not {}", setups.len()));
    }
    Ok(setups)
}

fn setup(value: &Value) -> Result<OutputSetup, String> {
    let table = match value {
        Value::String(word) => return Ok(OutputSetup::plain(word.parse()?)),
        Value::Table(table) => table,
        _ => return Err(SHAPE.into()),
    };
    let (mut spec, mut clock, mut latency_ms) = (None, false, 0);
    for (key, value) in table {
        match (key.as_str(), value) {
            ("to", Value::String(word)) => spec = Some(word.parse()?),
            ("clock", Value::Boolean(wanted)) => clock = *wanted,
            ("clock", _) => return Err("clock: give true or false".into()),
            ("latency_ms", number) => {
                let number = number.as_integer().and_then(|n| i16::try_from(n).ok());
                latency_ms = number
                    .filter(|n| (-MOST_LATENCY_MS..=MOST_LATENCY_MS).contains(n))
                    .ok_or_else(|| {
                        format!(
                            "latency_ms: give a whole number from -{MOST_LATENCY_MS} to {MOST_LATENCY_MS}"
                        )
                    })?;
            }
            ("to", _) => return Err(SHAPE.into()),
            (other, _) => {
                let other = crate::base::text::sanitize(other);
                return Err(format!("\"{other}\" is none of to, clock and latency_ms"));
            }
        }
    }
    let spec = spec.ok_or_else(|| format!("to is missing; {SHAPE}"))?;
    Ok(OutputSetup {
        spec,
        clock,
        latency_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::OutputSpec;

    fn of(text: &str) -> Result<Vec<OutputSetup>, String> {
        let table: toml::Table = format!("midi_out = {text}").parse().unwrap();
        read(&table["midi_out"])
    }

    #[test]
    fn words_and_tables_are_outputs() {
        let tr = OutputSpec::Port("TR-8S".into());
        assert_eq!(of("'TR-8S'").unwrap(), [OutputSetup::plain(tr.clone())]);
        let both = of("['synth', { to = 'TR-8S', clock = true, latency_ms = -12 }]").unwrap();
        assert_eq!(both[0], OutputSetup::plain(OutputSpec::Synth));
        let driven = OutputSetup {
            spec: tr,
            clock: true,
            latency_ms: -12,
        };
        assert_eq!(both[1], driven);
        assert_eq!(of("[]").unwrap(), []);
        let far = &of("'tcp://box'").unwrap()[0];
        assert_eq!(far.spec.to_string(), "tcp://box:7373");
    }

    #[test]
    fn what_is_no_output_is_refused_with_a_hint() {
        for (text, hint) in [
            ("3", "TR-8S"),
            ("''", "synth"),
            ("['a', 3]", "list"),
            ("{ clock = true }", "to is missing"),
            ("{ to = 3 }", "TR-8S"),
            ("{ to = 'file:' }", "notes.log"),
            ("{ to = 'a', clock = 1 }", "true or false"),
            ("{ to = 'a', latency_ms = 251 }", "-250 to 250"),
            ("{ to = 'a', latency_ms = 'x' }", "-250 to 250"),
            ("{ to = 'a', delay = 3 }", "none of to, clock"),
            ("['a', 'b', 'c', 'd', 'e']", "4 outputs"),
        ] {
            let refusal = of(text).unwrap_err();
            assert!(refusal.contains(hint), "{text}: {refusal}");
        }
    }
}
