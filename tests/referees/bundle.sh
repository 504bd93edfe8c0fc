#!/usr/bin/env bash
# Checks every manifest, then deploys, uses and deletes each bundle, or those that are named, on
# MiniStack, an AWS that nobody here wrote.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
python="${SWITCHBACK_VENV:-target/referees}/bin/python"
export PYTHONDONTWRITEBYTECODE=1
exec "$python" tests/referees/bundle_ministack.py "$@"
