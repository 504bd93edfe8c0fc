#!/usr/bin/env bash
# Deploys, uses and deletes payment-standby on MiniStack, an AWS that nobody here wrote.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
"${SWITCHBACK_VENV:-target/referees}/bin/python" tests/referees/bundle_ministack.py
