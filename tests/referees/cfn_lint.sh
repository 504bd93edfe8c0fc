#!/usr/bin/env bash
# Lints every template of every bundle in the regions of its manifest; errors and warnings fail.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests/referees/setup.sh
venv="${SWITCHBACK_VENV:-target/referees}"
limit=51200
passed=0
failed=0

regions_of() {
  "$venv/bin/python" - "$1" <<'PY'
import json, sys
print(*sorted(set(json.load(open(sys.argv[1]))["regions"].values())), sep="\n")
PY
}

for manifest in stacks/*/bundle.json; do
  bundle="$(dirname "$manifest")"
  mapfile -t regions < <(regions_of "$manifest")
  for template in "$bundle"/*.json; do
    [[ "$template" == "$manifest" ]] && continue
    bytes="$("$venv/bin/python" - "$template" <<'PY'
import json, sys
print(len(json.dumps(json.load(open(sys.argv[1])), separators=(",", ":"), ensure_ascii=False).encode()))
PY
    )"
    if "$venv/bin/cfn-lint" --regions "${regions[@]}" --template "$template" && ((bytes <= limit)); then
      echo "PASS  $template  $bytes of $limit bytes  ${regions[*]}"
      passed=$((passed + 1))
    else
      echo "FAIL  $template  $bytes of $limit bytes  ${regions[*]}"
      failed=$((failed + 1))
    fi
  done
done
# YAML copies: linted too, and read back by another reader they say what the JSON says.
for copy in stacks/*/*.yaml; do
  [[ -e "$copy" ]] || continue
  source="${copy%.yaml}.json"
  manifest="$(dirname "$copy")/bundle.json"
  mapfile -t regions < <(regions_of "$manifest")
  if "$venv/bin/cfn-lint" --regions "${regions[@]}" --template "$copy" &&
    "$venv/bin/python" tests/referees/same_tree.py "$source" "$copy"; then
    echo "PASS  $copy  says what $source says"
    passed=$((passed + 1))
  else
    echo "FAIL  $copy"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
