#!/bin/bash
# Runs the server and the page while they are changed: the server is built again and restarted when a source file
# changes (sandboxes go on meanwhile), the page reloads by itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${TARGET:-$PWD/target}
state=$PWD/.dev
page=http://localhost:5173
# The page comes from its own development server, so links and origins are that one's.
export HOLT_PUBLIC_URL=$page HOLT_DATA_DIR=${HOLT_DATA_DIR:-$state/data}

server=''
vite=''
# With TERM, sandboxes stay and the next server goes on with them; with INT they end.
stop() {
	[ -z "$server" ] || { kill -s "$1" "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; }
	server=''
}
trap 'stop INT; [ -z "$vite" ] || kill "$vite" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

changed() { [ -n "$(find crates Cargo.toml Cargo.lock -newer "$state/dev-built" -type f -print -quit)" ]; }

mkdir -p "$state"
(cd web && exec npm run --silent dev -- --strictPort) &
vite=$!
while true; do
	touch "$state/dev-built"
	if cargo build --locked --package holt; then
		stop TERM
		# Out of the terminal's reach: an interruption of this script must not reach the server twice.
		setsid "$target/debug/holt" serve &
		server=$!
	fi
	until changed; do
		kill -0 "$vite" 2>/dev/null || exit 1
		sleep 0.5
	done
done
