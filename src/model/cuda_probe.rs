//! Is there a GPU that CUDA kernels can be compiled for and run on? Asked before burn is,
//! because burn's CUDA backend panics where any part is missing.
//!
//! Three things are needed at run time: the driver with at least one device, the run-time
//! compiler NVRTC, and CUDA's headers for it.

#![allow(unsafe_code)]

use libloading::{Library, Symbol};
use std::ffi::c_int;
use std::path::PathBuf;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaParts {
    /// Devices the driver offers, or why there are none.
    pub driver: Result<u32, String>,
    /// The compiler's library, or why it is missing.
    pub nvrtc: Result<String, String>,
    /// The folder of the headers, or why there is none.
    pub headers: Result<PathBuf, String>,
}

impl CudaParts {
    /// Whether kernels can be compiled and run; else the first missing part.
    ///
    /// # Errors
    /// Which part is missing, and what brings it.
    pub fn ready(&self) -> Result<u32, String> {
        let devices = self.driver.clone()?;
        self.nvrtc.clone()?;
        self.headers.clone()?;
        Ok(devices)
    }
}

/// Looks for the three parts.
#[must_use]
pub fn probe() -> CudaParts {
    CudaParts {
        driver: driver(),
        nvrtc: nvrtc(),
        headers: headers(),
    }
}

fn driver() -> Result<u32, String> {
    const SUCCESS: c_int = 0;
    let names = if cfg!(windows) {
        ["nvcuda.dll"].as_slice()
    } else {
        ["libcuda.so.1", "libcuda.so"].as_slice()
    };
    let library = open(names).ok_or("no NVIDIA driver: libcuda.so.1 is not to be found")?;
    // SAFETY: the names and signatures are those of the CUDA driver API (`cuInit(unsigned)`,
    // `cuDeviceGetCount(int*)`), stable since CUDA 2; both may be called at any time from any
    // thread, and the pointer given is to a local that outlives the call.
    unsafe {
        let init: Symbol<'_, unsafe extern "C" fn(u32) -> c_int> = library
            .get(b"cuInit\0")
            .map_err(|_| "libcuda.so.1 is not a CUDA driver")?;
        let status = init(0);
        if status != SUCCESS {
            return Err(format!(
                "the NVIDIA driver does not start (cuInit says {status}); try `nvidia-smi`"
            ));
        }
        let count: Symbol<'_, unsafe extern "C" fn(*mut c_int) -> c_int> = library
            .get(b"cuDeviceGetCount\0")
            .map_err(|_| "libcuda.so.1 is not a CUDA driver")?;
        let mut devices = 0;
        let status = count(&raw mut devices);
        match u32::try_from(devices) {
            Ok(devices) if status == SUCCESS && devices > 0 => Ok(devices),
            _ => Err("the NVIDIA driver sees no device".into()),
        }
    }
}

fn nvrtc() -> Result<String, String> {
    let names: Vec<String> = std::iter::once("libnvrtc.so".to_string())
        .chain((11..=13).rev().map(|major| format!("libnvrtc.so.{major}")))
        .collect();
    names
        .into_iter()
        .find(|name| open(&[name.as_str()]).is_some())
        .ok_or_else(|| {
            "NVRTC is missing: install the CUDA toolkit's libnvrtc and have it in LD_LIBRARY_PATH"
                .into()
        })
}

/// The places burn's CUDA backend looks at, in its order.
fn headers() -> Result<PathBuf, String> {
    let root = std::env::var_os("CUDA_PATH")
        .map(PathBuf::from)
        .or_else(|| {
            [
                ("/usr/local/cuda", "/usr/local/cuda"),
                ("/opt/cuda", "/opt/cuda"),
                ("/usr/bin/nvcc", "/usr"),
            ]
            .into_iter()
            .find(|(sign, _)| std::path::Path::new(sign).exists())
            .map(|(_, root)| PathBuf::from(root))
        });
    let include = root
        .ok_or("CUDA's headers are missing: install the CUDA toolkit or set CUDA_PATH to it")?
        .join("include");
    if include.join("cuda_runtime.h").exists() {
        Ok(include)
    } else {
        Err(format!(
            "CUDA's headers are missing: no cuda_runtime.h in {}",
            crate::base::text::sanitize_path(&include)
        ))
    }
}

fn open(names: &[&str]) -> Option<Library> {
    // SAFETY: loading these libraries runs the initialisers of NVIDIA's own driver and
    // compiler, which have no preconditions.
    names
        .iter()
        .find_map(|name| unsafe { Library::new(*name) }.ok())
}
