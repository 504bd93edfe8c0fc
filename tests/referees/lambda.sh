#!/usr/bin/env bash
# Runs the unit tests of every bundle's Lambda sources; fails under 90 % line coverage.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
venv="${SWITCHBACK_VENV:-target/referees}"
minimum=90
mkdir -p target

for sources in stacks/*/lambda; do
  echo "== $sources"
  export COVERAGE_FILE="$PWD/target/coverage-$(basename "$(dirname "$sources")")" PYTHONDONTWRITEBYTECODE=1
  "$venv/bin/coverage" run --source="$sources" --omit="$sources/tests/*" \
    -m pytest --quiet -p no:cacheprovider --import-mode=importlib "$sources/tests"
  "$venv/bin/coverage" report --show-missing --fail-under="$minimum"
done
