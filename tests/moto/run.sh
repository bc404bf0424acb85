#!/bin/sh
# Starts the emulated AWS by hand, for a look with the AWS CLI or clefctl: tests/moto/run.sh [--port N]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CLEFCTL_MOTO_VENV:-${CARGO_TARGET_DIR:-$here/../../target}/tmp/moto-venv}
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  echo "installing moto into $venv" >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$here/server.py" "$@"
