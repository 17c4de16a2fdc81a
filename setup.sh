#!/bin/sh
# Installs what the build needs (Debian packages), builds, and plans a model that needs no file.
set -eu
cd "$(dirname "$0")"

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
  g++ cmake ninja-build libboost-json1.81-dev libfmt-dev libeigen3-dev libcurl4-openssl-dev libcli11-dev doctest-dev libbenchmark-dev \
  openssl python3 python3-dev python3-venv pybind11-dev python3-mypy mypy python3-numpy python3-pandas python3-matplotlib python3-nbclient python3-ipykernel >/dev/null

cmake --preset release
cmake --build --preset release

echo
build/release/vrambudget Qwen3.6-27B-UD-Q4_K_XL --gpu 3090 --ctx 262144 -ctk q4_0 -ctv q4_0 -np 1
