#!/usr/bin/env bash
# Points the AWS CLI, boto3 and dig at the rehearsal of `switchback serve`: the same world, over
# the protocols that other tools speak.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
if [[ -z "${SWITCHBACK_BIN:-}" ]]; then
  cargo build --release --locked
  SWITCHBACK_BIN=target/release/switchback
fi
SWITCHBACK_BIN="$(realpath "$SWITCHBACK_BIN")"
export SWITCHBACK_BIN PYTHONDONTWRITEBYTECODE=1
exec "${SWITCHBACK_VENV:-target/referees}/bin/python" tests/referees/served_world.py
