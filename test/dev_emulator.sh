#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# dev_emulator.sh <source folder>: which presets ./dev runs for HIP without an AMD GPU. It runs a copy of ./dev in a folder of its own, with
# stand-ins for CMake, CTest, compilers and the package manager. CTest's pretends that a kernel ran on each architecture in $RAN.
set -eu
if [ -e /sys/class/kfd/kfd ] || [ ! -e /usr/lib/x86_64-linux-gnu/amdgcn/bitcode/ockl.bc ]; then
  echo "there is an AMD GPU, or the device libraries are missing"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/bin" "$folder/test" "$folder/build/emulated"
cp "$1/dev" "$folder"
cp "$1/test/slowest.py" "$1/test/summary.py" "$folder/test"
cd "$folder"
python=$(python3 -c 'import sys; print(sys.executable)')
for command in doxygen ld.lld-19 llvm-dis-19 ninja pkg-config; do printf '#!/bin/sh\n' >"bin/$command"; done
printf '#!/bin/sh\nexec cat >/dev/null\n' >bin/g++          # finds every header and library
printf '#!/bin/sh\necho /bin/sh\n' >"bin/clang++-19" # finds every program
printf '#!/bin/sh\nexit 1\n' | tee bin/apt-get bin/sudo >/dev/null
cat >bin/cmake <<'END'
#!/bin/sh
if [ "$1" = --version ]; then echo "cmake version 3.25.1"; exit; fi
echo "cmake $*" >>calls
case "$*" in *amd_emulator_download) exit "$DOWNLOAD" ;; esac
END
cat >bin/ctest <<'END'
#!/bin/sh
echo "ctest $*" >>calls
for architecture in $RAN; do printf '%s\t64\tkernel.hip\tf\t1\t100\n' "$architecture" >>build/emulated/amd-kernels.tsv; done
END
cat >bin/python3 <<END
#!/bin/sh
case "\$1 \${2:-}" in "-m pip") exit "\$NO_PIP" ;; esac
exec "$python" "\$@"
END
chmod +x bin/*
PATH=$folder/bin:$PATH

# expect <code> <pattern of the output> <pattern of the calls> <pattern that no call has> <arguments of ./dev>...
expect() {
  code=$1 printed=$2 called=$3 not_called=$4
  shift 4
  rm -f calls
  result=0
  ./dev "$@" >output 2>&1 || result=$?
  # A call without the architectures would set those of the preset.
  if grep -e '--preset emulated' calls | grep -v -e --build -e --target -e ctest | grep -qv HIP_ARCHITECTURES; then result=architectures; fi
  if [ "$result" != "$code" ] || ! grep -q -- "$printed" output || ! grep -q -- "$called" calls || grep -q -- "$not_called" calls; then
    echo "DOWNLOAD=$DOWNLOAD RAN='$RAN' ./dev $*: code $result. It calls"
    cat calls 2>&1 || true
    echo "and prints"
    cat output
    exit 1
  fi
}
unset CROSSLANE_EMULATED_ARCHITECTURES
export DOWNLOAD=0 NO_PIP=0 RAN="gfx942 gfx1100"
expect 0 "hip gfx1100" "ctest --preset emulated" REPRESENTATIVES=OFF test
expect 0 "hip gfx1100" "emulated -DCMAKE_HIP_ARCHITECTURES=gfx942;gfx1100" "preset all" test emulated
expect 1 "no kernel ran on gfx90a" "emulated -DCMAKE_HIP_ARCHITECTURES=gfx90a;gfx942;gfx1100;gfx1201" REPRESENTATIVES=OFF test --all
expect 0 . "preset host" emulated test host
expect 0 "emulator: gfx942;gfx1100" "emulated --target demo" REPRESENTATIVES=OFF demo
export CROSSLANE_EMULATED_ARCHITECTURES="gfx90a;gfx1201" RAN="gfx90a"
expect 1 "no kernel ran on gfx1201" "emulated -DCMAKE_HIP_ARCHITECTURES=gfx90a;gfx1201" REPRESENTATIVES=OFF test
export CROSSLANE_EMULATED_ARCHITECTURES=none RAN=
expect 0 "HIP tests were at most compiled.*is none" REPRESENTATIVES=OFF emulated test
unset CROSSLANE_EMULATED_ARCHITECTURES
export DOWNLOAD=1
expect 0 "HIP tests were at most compiled.*download" "all.*REPRESENTATIVES=OFF" "ctest --preset emulated" test
expect 1 "test emulated: the download" amd_emulator_download ctest test emulated
expect 0 "no HIP on the AMD emulator: the download" "preset demo" "target demo" demo
export DOWNLOAD=0 NO_PIP=1
expect 0 "HIP tests were at most compiled.*packages are missing: python3-pip" "all.*REPRESENTATIVES=OFF" emulated test
