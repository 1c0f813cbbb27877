#!/bin/sh
# The LSTM on an NVIDIA GPU: a table of how right the kernels are, then times beside PyTorch's cuDNN. Builds
# nothing: `cargo bench --bench gpu --no-run` has done so, here or on another machine with the same system.
#
#   benches/gpu.sh [BINARY] [OPTIONS OF THE BENCH, e.g. --runs 50 --batch 32,512]
#
# Needs the NVIDIA driver and, for the kernels, which are compiled at run time, NVRTC and the CUDA headers
# (CUDA_PATH, or a toolkit in /usr/local/cuda). PYTHON names a Python with PyTorch (default: python3); without
# PyTorch our times stand alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

binary=
case "${1:-}" in
    '' | -*) ;;
    *) binary=$1; shift ;;
esac
if [ -z "$binary" ]; then
    # The newest build of the bench.
    for file in $(ls -t "$here"/../target/release/deps/gpu-* 2>/dev/null); do
        if [ -x "$file" ] && [ -f "$file" ]; then binary=$file; break; fi
    done
fi
if [ -z "$binary" ] || [ ! -x "$binary" ]; then
    echo "no binary: build it with \`cargo bench --bench gpu --no-run\`, or name it" >&2
    exit 2
fi

nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader 2>/dev/null || true
python=${PYTHON:-python3}
if "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' >/dev/null 2>&1; then
    exec "$binary" --peer "$python" "$here/peers/torch_lstm.py" "$@"
fi
echo "no PyTorch with CUDA in $python: our times alone"
exec "$binary" "$@"
