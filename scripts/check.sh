#!/usr/bin/env bash
# Everything that continuous integration checks, the specs at full size, in order, each step with its time. Every step runs, also after one
# has failed; at the end stand the failed specs and steps, and as the last line the specs' totals `N passed, N failed`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PATH="$PWD/node_modules/.bin:$PATH"
spec_output="$(mktemp)"
trap 'rm -f "$spec_output"' EXIT
failed_steps=()

step() {
  local name="$1" started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    printf -- '-- %s: ok (%d s)\n' "$name" $((SECONDS - started))
  else
    printf -- '-- %s: FAILED (%d s)\n' "$name" $((SECONDS - started))
    failed_steps+=("$name")
  fi
}

specs() { npm run --silent test:all 2>&1 | tee "$spec_output"; }

step format biome format .
step lint npm run --silent lint
step types npm run --silent types
step build npm run --silent build
step count npm run --silent count
step specs specs
step examples npm run --silent examples
step publint publint --strict .
step attw attw --pack . --profile esm-only --no-emoji
step pack node scripts/pack-test.mjs

printf '\n'
# What failed among the specs, once more: thousands of lines lie between.
if [[ " ${failed_steps[*]-} " == *' specs '* ]]; then sed -n '/^failed: /,$p' "$spec_output" | head -n 300; fi
for name in ${failed_steps[@]+"${failed_steps[@]}"}; do printf 'check: FAILED in step "%s"\n' "$name"; done
grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$spec_output" | tail -n 1 || echo '0 passed, 1 failed'
((${#failed_steps[@]} == 0))
