#!/bin/sh
# Installs what the program is built from (Debian 12 and 13, Ubuntu 24.04), builds it, and plans a model that
# needs no file. With --tests it installs what the tests want besides, with --dev what fuzzers are built with, with --web
# what the module for browsers is built with, with --windows what the program for Windows is built and tested with, with
# --macos what shows that it compiles there, with --release what makes and tries the files of a release, and no more; with
# --extras an environment in build/extras of what PyPI alone
# has, for the tests of frames and fleets.
set -eu
cd "$(dirname "$0")"

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
install() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# zig's clang has headers and libraries of many systems in it, and comes as a package of Python's
fetch_zig() {
  [ ! -e build/zig/ziglang/zig ] || return 0
  rm -rf build/zig
  mkdir -p build/zig
  python3 -m venv build/zig/python
  build/zig/python/bin/pip install -q ziglang==0.17.1
  for tool in ar ranlib; do
    printf '#!/bin/sh\nexec "$(dirname "$0")/ziglang/zig" %s "$@"\n' $tool >build/zig/$tool
    chmod +x build/zig/$tool
  done
  ln -s "$(echo "$PWD"/build/zig/python/lib/python3*/site-packages/ziglang)" build/zig/ziglang
}

# libyaml's own source, as no package has it for WebAssembly or Windows
fetch_libyaml() {
  [ ! -e build/libyaml/src/api.c ] || return 0
  . /etc/os-release
  case $ID in
    ubuntu) archive=http://archive.ubuntu.com/ubuntu ;;
    *) archive=http://deb.debian.org/debian ;;
  esac
  rm -rf build/libyaml build/libyaml-source
  mkdir -p build/libyaml build/libyaml-source/lists/partial
  (
    cd build/libyaml-source
    echo "deb-src $archive $VERSION_CODENAME main" >sources.list
    from="-qq -o Dir::Etc::SourceList=$PWD/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$PWD/lists"
    apt-get $from update
    apt-get $from -o APT::Sandbox::User=root source --download-only libyaml
    tar xf libyaml_*.orig.tar.* -C ../libyaml --strip-components=1
  )
  rm -rf build/libyaml-source
}

$as_root apt-get update -qq
if [ "${1-}" = --tests ]; then
  install doctest-dev libcurl4-openssl-dev openssl pkgconf zsh fish \
    python3 python3-dev python3-venv pybind11-dev python3-mypy mypy python3-numpy python3-pandas \
    python3-matplotlib python3-nbclient python3-ipykernel
  exit
fi
if [ "${1-}" = --extras ]; then
  # of the Python that Debian's packages are of
  install python3-venv
  /usr/bin/python3 -m venv build/extras
  build/extras/bin/pip install -q numpy pandas matplotlib pyarrow polars duckdb 'dask[distributed]' ray tqdm rich pyright \
    nbclient ipykernel nbformat
  exit
fi
if [ "${1-}" = --dev ]; then
  install clang-19 libclang-rt-19-dev
  exit
fi
if [ "${1-}" = --web ]; then
  install clang-19 lld-19 llvm-19 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32 wasi-libc doctest-dev \
    binaryen brotli
  command -v node >/dev/null || install nodejs
  fetch_libyaml
  exit
fi
if [ "${1-}" = --windows ]; then
  install g++-mingw-w64-x86-64-posix cmake ninja-build doctest-dev wine wine64
  fetch_libyaml
  exit
fi
if [ "${1-}" = --macos ]; then
  install cmake ninja-build python3-venv
  fetch_zig
  fetch_libyaml
  exit
fi
if [ "${1-}" = --release ]; then
  ./setup.sh --web
  install python3-venv zip unzip g++-mingw-w64-x86-64-posix binutils debootstrap qemu-user-static libc6-arm64-cross wine wine64
  command -v mvn >/dev/null || install maven
  command -v npm >/dev/null || install npm
  fetch_zig
  packaging/pythons
  exit
fi

# Boost's headers are enough, of 1.81 or newer; Debian 12 has that beside its usual one
boost=libboost-dev
usual=$(LC_ALL=C apt-cache policy "$boost" | sed -n 's/ *Candidate: //p')
if dpkg --compare-versions "$usual" lt 1.81; then boost=libboost1.81-dev; fi
# libcurl is opened when a model on a server is asked for
install g++ cmake ninja-build "$boost" libfmt-dev libeigen3-dev libcli11-dev libyaml-dev libvulkan-dev libcurl4 ca-certificates

cmake --preset release
cmake --build --preset release --target vrambudget_program

echo
build/release/vrambudget Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --ctx 262144 -ctk q4_0 -ctv q4_0 -np 1
