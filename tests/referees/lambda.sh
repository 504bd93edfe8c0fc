#!/usr/bin/env bash
# Runs the unit tests of every bundle's Lambda sources; fails under 90 % line coverage.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
venv="${SWITCHBACK_VENV:-target/referees}"
minimum=90
passed=0
failed=0
mkdir -p target

for sources in stacks/*/lambda; do
  echo "== $sources"
  export COVERAGE_FILE="$PWD/target/coverage-$(basename "$(dirname "$sources")")" PYTHONDONTWRITEBYTECODE=1
  if "$venv/bin/coverage" run --source="$sources" --omit="$sources/tests/*" \
      -m pytest --quiet -p no:cacheprovider --import-mode=importlib --confcutdir=stacks "$sources/tests" &&
    "$venv/bin/coverage" report --show-missing --fail-under="$minimum"; then
    echo "PASS  $sources"
    passed=$((passed + 1))
  else
    echo "FAIL  $sources"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
