#!/usr/bin/env bash
# Makes the virtual environment of the Python referees; does nothing if it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv="${SWITCHBACK_VENV:-target/referees}"
wanted="tests/referees/requirements.txt"

if [[ ! -x "$venv/bin/python" ]]; then
  python3 -m venv "$venv"
fi
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
  cp "$wanted" "$venv/installed.txt"
fi
echo "referees: $venv"
