//! How values on the command line are checked; each refusal says what would be taken.

use crate::message::{DeviceChoice, OutputSpec, Representation};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A parser of whole numbers from `min` to `max`.
pub fn whole(min: usize, max: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| match text.parse::<usize>() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(format!("give a whole number from {min} to {max}")),
    }
}

/// A parser of numbers from `min` to `max`.
pub fn fraction(min: f64, max: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse::<f64>() {
        Ok(x) if (min..=max).contains(&x) => Ok(x),
        _ => Err(format!("give a number from {min} to {max}")),
    }
}

/// A parser of numbers above 0, up to `max`.
pub fn positive(max: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x <= max => Ok(x),
        _ => Err(format!("give a number above 0, up to {max}")),
    }
}

/// A parser of output names; see [`OutputSpec`].
///
/// # Errors
/// A name, a path or an address that cannot be one.
pub fn output(text: &str) -> Result<OutputSpec, String> {
    text.parse()
}

/// A parser of device names.
pub fn device() -> impl TypedValueParser<Value = DeviceChoice> {
    PossibleValuesParser::new([
        PossibleValue::new("auto").help("CUDA where it works, else the CPU"),
        PossibleValue::new("cuda").help("an NVIDIA GPU, or an error that says what is missing"),
        PossibleValue::new("cpu").help("the CPU"),
        PossibleValue::new("cpu-ndarray").help("the CPU, through the ndarray backend"),
    ])
    .map(|word| match word.as_str() {
        "cuda" => DeviceChoice::Cuda,
        "cpu" => DeviceChoice::Cpu,
        "cpu-ndarray" => DeviceChoice::CpuNdarray,
        _ => DeviceChoice::Auto,
    })
}

/// A parser of representations.
pub fn representation() -> impl TypedValueParser<Value = Representation> {
    PossibleValuesParser::new(["beat", "mel"]).map(|word| match word.as_str() {
        "mel" => Representation::Mel,
        _ => Representation::Beat,
    })
}

#[cfg(all(test, feature = "studio"))]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::message::TrainConfig;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn train_defaults_are_the_trainers_defaults() {
        let cli = Cli::try_parse_from(["beatgen-tui", "train", "--data-dir", "x"]).unwrap();
        let Some(Command::Train(args)) = cli.command else {
            panic!("train was asked for")
        };
        let expected = TrainConfig {
            data_dir: "x".into(),
            ..TrainConfig::default()
        };
        assert_eq!(args.config(), expected);
    }

    #[test]
    fn values_out_of_range_are_refused_with_a_hint() {
        for (args, hint) in [
            (vec!["generate", "--temperature", "2.1"], "from 0 to 2"),
            (vec!["generate", "--temperature", "NaN"], "from 0 to 2"),
            (vec!["generate", "--sequence-length", "0"], "from 1"),
            (vec!["generate", "--bpm", "5"], "from 20 to 400"),
            (vec!["--midi-out", "file:"], "file:notes.log"),
            (vec!["--device", "gpu"], "cuda"),
            (
                vec!["train", "--data-dir", "d", "--learning-rate", "0"],
                "above 0",
            ),
            (
                vec!["train", "--data-dir", "d", "--dropout", "1"],
                "0 to 0.9",
            ),
            (
                vec!["--theme", "x", "train", "--data-dir", "d"],
                "cannot be used with",
            ),
        ] {
            let error = Cli::try_parse_from([&["beatgen-tui"], args.as_slice()].concat())
                .expect_err("must be refused");
            assert!(error.to_string().contains(hint), "{args:?}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn outputs_read_back_as_written() {
        for text in [
            "none",
            "synth",
            "synth:a b.sf2",
            "file:/tmp/a b.log",
            "TR-8S MIDI 1",
        ] {
            assert_eq!(output(text).unwrap().to_string(), text);
        }
    }
}
