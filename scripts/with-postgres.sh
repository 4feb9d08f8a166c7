#!/usr/bin/env bash
# Runs a command with a PostgreSQL: the one of ISOCK_PG_URL, one that answers on this machine as the specs expect it, or
# one of our own, in a temporary directory, that ends with the command. Installs Debian's package where there is none.
set -euo pipefail

usual='postgres://postgres@127.0.0.1:5432/test'

answers() { command -v psql > /dev/null && psql --no-password --quiet --command 'select 1' "$1" > /dev/null 2>&1; }

start_own() {
  if ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql > /dev/null
  fi
  bin="$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)")"
  directory="$(mktemp -d /tmp/isock-pg-XXXXXX)"
  # PostgreSQL does not run as root.
  as_owner=()
  if (($(id -u) == 0)); then
    chown postgres "$directory"
    as_owner=(runuser -u postgres --)
  fi
  cd "$directory"
  "${as_owner[@]}" "$bin/initdb" --pgdata="$directory/data" --auth=trust --username=postgres > /dev/null
  local port=54329
  local options="-p $port -k $directory -c listen_addresses=127.0.0.1 -c fsync=off"
  "${as_owner[@]}" "$bin/pg_ctl" --pgdata="$directory/data" --options="$options" --log="$directory/log" --wait start > /dev/null
  trap '"${as_owner[@]}" "$bin/pg_ctl" --pgdata="$directory/data" --mode=immediate --wait stop > /dev/null; rm -rf "$directory"' EXIT
  cd - > /dev/null
  export ISOCK_PG_URL="postgres://postgres@127.0.0.1:$port/postgres"
}

if [[ -z "${ISOCK_PG_URL:-}" ]]; then
  if answers "$usual"; then export ISOCK_PG_URL="$usual"; else start_own; fi
fi
echo "PostgreSQL at ${ISOCK_PG_URL##*@}"
"$@"
