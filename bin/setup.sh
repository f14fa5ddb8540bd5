# Sourced by bin/test and bin/quickstart: installs what they need. `tappass_program` is what messages begin with.
# shellcheck shell=bash

# The package with the binary for this machine needs no script; `node` runs one to find it, for machines not named here.
install_node() {
	local os arch
	os=$(uname -s | tr '[:upper:]' '[:lower:]')
	case $(uname -m) in x86_64 | amd64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
	npm install --prefix .toolchain --no-audit --no-fund --ignore-scripts "node-$os-$arch@24" ||
		npm install --prefix .toolchain --no-audit --no-fund --ignore-scripts=false node@24
}

setup() {
	command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || {
		echo "$tappass_program: error: Node 20 or newer and npm are needed to begin with" >&2
		return 1
	}
	keep_npm_settings
	if ! use_node; then
		echo "$tappass_program: installing Node 24 into .toolchain (the system has $(node --version))"
		install_node >&2 || return 1
		use_node || {
			echo "$tappass_program: error: .toolchain has no working Node 24" >&2
			return 1
		}
	fi
	# npm writes node_modules/.package-lock.json last: older than the lock means not installed, or half.
	if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
		echo "$tappass_program: installing dependencies"
		npm ci --no-audit --no-fund >&2 || return 1
		touch node_modules/.package-lock.json
	fi
}

# Installs programs of the system that are missing. As root they are installed; else it says what to do and fails: no silent skip.
install_programs() { # Debian package…
	[ $# -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "$tappass_program: error: missing: $*" >&2
		echo "$tappass_program: hint: sudo apt-get install $*" >&2
		return 1
	fi
	echo "$tappass_program: installing $*" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Builds what is to be run, unless nothing has changed since: the newest of what is built from is older than the stamp. A file
# that was removed shows in the time of its folder.
build_once() {
	local stamp=node_modules/.tappass-built
	if [ -f "$stamp" ] && [ -f quickstart/dist/main.js ] && [ -f packages/tappass-cli/bundle/main.js ] &&
		[ -z "$(find packages policies packs examples quickstart package.json package-lock.json tsconfig.json tsconfig.base.json \
			\( -name node_modules -o -name dist -o -name bundle -o -name oclif.manifest.json \) -prune -o \
			\( -path 'packages/*/*' -o -path 'examples/*/*' -o -path 'quickstart/*' -o ! -type d \) -newer "$stamp" -print -quit)" ]; then
		return 0
	fi
	rm -f "$stamp"
	echo "$tappass_program: building"
	# As old as the beginning: what changes meanwhile may have been missed.
	touch "$stamp.new" && npm run --silent build && mv "$stamp.new" "$stamp"
}
