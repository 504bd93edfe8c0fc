#!/usr/bin/env bash
# Drives the program against MiniStack, an AWS that nobody here wrote: deploy, update, alarms,
# metrics, every lever that works without health checks, and delete; then kills it in the middle
# of its calls.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
if [[ -z "${SWITCHBACK_BIN:-}" ]]; then
  cargo build --release --locked
  SWITCHBACK_BIN=target/release/switchback
fi
SWITCHBACK_BIN="$(realpath "$SWITCHBACK_BIN")"
export SWITCHBACK_BIN PYTHONDONTWRITEBYTECODE=1
for referee in console killed; do
  "${SWITCHBACK_VENV:-target/referees}/bin/python" "tests/referees/ministack_$referee.py"
done
