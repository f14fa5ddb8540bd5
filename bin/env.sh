# Sourced by every script in bin/: puts a Node >= 24 first on PATH.
# shellcheck shell=bash
tappass_source=${BASH_SOURCE[0]}
while [ -L "$tappass_source" ]; do
	tappass_link=$(readlink "$tappass_source")
	case $tappass_link in /*) tappass_source=$tappass_link ;; *) tappass_source=$(dirname "$tappass_source")/$tappass_link ;; esac
done
# Without CDPATH: with it, cd may go elsewhere, and prints where.
tappass_root=$(CDPATH="" cd -- "$(dirname -- "$tappass_source")/.." && pwd)

node_is_new_enough() { # path of a node; --version answers without starting an engine
	local version
	version=$("$1" --version 2>/dev/null) || return 1
	version=${version#v}
	[ "${version%%.*}" -ge 24 ] 2>/dev/null
}

# The one that bin/test put into .toolchain, else the system's when it is new enough.
use_node() {
	if node_is_new_enough "$tappass_root/.toolchain/node_modules/.bin/node"; then
		PATH="$tappass_root/.toolchain/node_modules/.bin:$PATH"
		export PATH
		return 0
	fi
	command -v node >/dev/null 2>&1 && node_is_new_enough node
}

# npm looks for the machine's settings (registry, certificates) beside the Node it runs on, or below --prefix: for where they
# really are, call this before use_node.
keep_npm_settings() {
	npm_config_globalconfig=${npm_config_globalconfig:-$(npm config get globalconfig)}
	export npm_config_globalconfig
}
