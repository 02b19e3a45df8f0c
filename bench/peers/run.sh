#!/bin/bash
# Measures contenders on jobs, interleaved: run.sh --inventory FILE --key FILE --job J1 [...]; ../README.md has the rest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${BENCH_CACHE:-$HOME/.cache/plinth/bench}
venv=$cache/venv
mkdir -p "$cache"
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" >&2
  "$venv/bin/python" -m compileall -q "$venv/lib" >/dev/null 2>&1 || true
  cp "$here/requirements.txt" "$venv/requirements.txt"
fi
export BENCH_CACHE=$cache BENCH_VENV=$venv
exec "$venv/bin/python" -B "$here/bench.py" "$@"
