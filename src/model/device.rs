//! Which device trains: decided once, at run time, with the reason, without a panic.
//!
//! Playing always runs on the CPU ([`super::sample`]); only training asks for a device.

use super::burn_learner::BurnLearner;
use super::config::ModelConfig;
use super::cpu::CpuLearner;
use super::learner::Learner;
use crate::message::DeviceChoice;

#[cfg(feature = "cuda")]
pub use super::cuda_probe::{CudaParts, probe as probe_cuda};

/// A backend of this build that can run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// burn's CUDA backend, first device.
    Cuda,
    /// This program's own kernels.
    Cpu,
    /// burn's ndarray backend.
    CpuNdarray,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What computes.
    pub backend: Backend,
    /// Why this one, for people.
    pub why: String,
}

/// What was asked for is not to be had.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{asked}: {reason}. {hint}")]
pub struct DeviceError {
    asked: String,
    reason: String,
    hint: &'static str,
}

impl Device {
    /// The backend's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.backend {
            Backend::Cuda => "CUDA",
            Backend::Cpu => "CPU",
            Backend::CpuNdarray => "CPU (ndarray)",
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name(), self.why)
    }
}

/// Decides.
///
/// # Errors
/// A device asked for by name that this machine or this build does not have.
pub fn resolve(choice: DeviceChoice) -> Result<Device, DeviceError> {
    let cpu = |why: String| Device {
        backend: Backend::Cpu,
        why,
    };
    match choice {
        DeviceChoice::Auto => Ok(match cuda() {
            Ok(why) => Device {
                backend: Backend::Cuda,
                why,
            },
            Err(reason) => cpu(format!("{} cores; {reason}", cores())),
        }),
        DeviceChoice::Cuda => cuda()
            .map(|why| Device {
                backend: Backend::Cuda,
                why,
            })
            .map_err(|reason| DeviceError {
                asked: "--device cuda".into(),
                reason,
                hint: "`--device auto` takes the CPU where CUDA is missing; `beatgen-tui doctor` shows what is there",
            }),
        DeviceChoice::Cpu => Ok(cpu(format!("{} cores, as asked", cores()))),
        DeviceChoice::CpuNdarray => {
            if cfg!(feature = "ndarray") {
                Ok(Device {
                    backend: Backend::CpuNdarray,
                    why: format!("{} cores, as asked", cores()),
                })
            } else {
                Err(DeviceError {
                    asked: "--device cpu-ndarray".into(),
                    reason: "this build has no ndarray backend".into(),
                    hint: "Build with `--features ndarray`, or use `--device cpu`",
                })
            }
        }
    }
}

/// Takes so many devices of the kind decided on.
///
/// # Errors
/// More than there are, and more than one where there is only one by nature.
pub fn several(device: Device, devices: usize) -> Result<Device, DeviceError> {
    if devices <= 1 {
        return Ok(device);
    }
    let refused = |reason: String, hint| {
        Err(DeviceError {
            asked: format!("--devices {devices}"),
            reason,
            hint,
        })
    };
    match (device.backend, cuda_devices()) {
        (Backend::Cpu | Backend::CpuNdarray, _) => refused(
            "the CPU is one device, and all its cores work on a run already".into(),
            "Leave --devices out, or train on several GPUs with `--device cuda`",
        ),
        (Backend::Cuda, there) if there < devices => refused(
            format!(
                "this machine has {there} NVIDIA device{}",
                if there == 1 { "" } else { "s" }
            ),
            "Ask for no more than there are; `beatgen-tui doctor` shows what is there",
        ),
        (Backend::Cuda, _) if !cfg!(feature = "devices") => refused(
            "this build trains on one device".into(),
            "Build with `--features devices`, or leave --devices out",
        ),
        (Backend::Cuda, there) => Ok(Device {
            why: format!("{devices} of {there} NVIDIA devices"),
            ..device
        }),
    }
}

/// Processor cores this program may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Threads for arithmetic: every core, or fewer where `RAYON_NUM_THREADS` says so, which also limits
/// everything else that runs in parallel here.
#[must_use]
pub fn threads() -> usize {
    rayon::current_num_threads().clamp(1, cores().max(1))
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<String, String> {
    probe_cuda().ready().map(|n| match n {
        1 => "one NVIDIA device".into(),
        n => format!("first of {n} NVIDIA devices"),
    })
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<String, String> {
    Err("this build has no CUDA".into())
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> usize {
    probe_cuda().ready().map_or(0, |n| n as usize)
}

#[cfg(not(feature = "cuda"))]
const fn cuda_devices() -> usize {
    0
}

/// A learner on that device, or on `devices` of its kind ([`several`]), starting from these weights.
#[must_use]
pub fn learner(
    device: &Device,
    devices: usize,
    config: &ModelConfig,
    weights: &[Vec<f32>],
    decays: &[bool],
) -> Box<dyn Learner> {
    #[cfg(not(all(feature = "cuda", feature = "devices")))]
    let _ = devices;
    match device.backend {
        #[cfg(all(feature = "cuda", feature = "devices"))]
        Backend::Cuda if devices > 1 => {
            Box::new(super::devices::Devices::<burn::backend::Cuda>::start(
                config,
                weights,
                decays,
                (0..devices)
                    .map(burn::backend::cuda::CudaDevice::new)
                    .collect(),
            ))
        }
        #[cfg(feature = "cuda")]
        Backend::Cuda => Box::new(BurnLearner::<burn::backend::Cuda>::new(
            config,
            weights,
            decays,
            burn::backend::cuda::CudaDevice::default(),
        )),
        #[cfg(feature = "ndarray")]
        Backend::CpuNdarray => Box::new(BurnLearner::<burn::backend::NdArray>::new(
            config,
            weights,
            decays,
            burn::backend::ndarray::NdArrayDevice::Cpu,
        )),
        // `resolve` never names a backend this build lacks.
        #[allow(unreachable_patterns)]
        Backend::Cpu | Backend::Cuda | Backend::CpuNdarray => {
            Box::new(CpuLearner::new(config, weights, decays))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_devices_than_there_are_is_refused_with_the_reason() {
        let cpu = resolve(DeviceChoice::Cpu).unwrap();
        assert_eq!(several(cpu.clone(), 1), Ok(cpu.clone()));
        let error = several(cpu.clone(), 2).unwrap_err().to_string();
        assert!(
            error.contains("--devices 2: the CPU is one device"),
            "{error}"
        );
        let gpu = Device {
            backend: Backend::Cuda,
            ..cpu
        };
        let error = several(gpu, 1_000).unwrap_err().to_string();
        assert!(
            error.contains("--devices 1000: this machine has"),
            "{error}"
        );
    }

    #[test]
    fn a_device_is_decided_without_a_panic_and_says_why() {
        let auto = resolve(DeviceChoice::Auto).unwrap();
        assert!(!auto.why.is_empty());
        assert_eq!(resolve(DeviceChoice::Cpu).unwrap().backend, Backend::Cpu);
        if let Err(e) = resolve(DeviceChoice::Cuda) {
            assert_eq!(
                auto.backend,
                Backend::Cpu,
                "auto takes CUDA exactly where it can be had"
            );
            assert!(e.to_string().contains("--device auto"), "{e}");
        }
    }
}
