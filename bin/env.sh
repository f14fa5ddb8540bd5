# Sourced by every script in bin/: puts a Node >= 24 first on PATH.
# shellcheck shell=bash
tappass_source=${BASH_SOURCE[0]}
while [ -L "$tappass_source" ]; do
	tappass_link=$(readlink "$tappass_source")
	case $tappass_link in /*) tappass_source=$tappass_link ;; *) tappass_source=$(dirname "$tappass_source")/$tappass_link ;; esac
done
tappass_root=$(cd "$(dirname "$tappass_source")/.." && pwd)

node_is_new_enough() {
	[ "$("$1" -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]
}

# The system's Node when it is new enough, else the one that bin/test puts into .toolchain.
use_node() {
	if [ -d "$tappass_root/.toolchain/node_modules/.bin" ] && node_is_new_enough "$tappass_root/.toolchain/node_modules/.bin/node"; then
		PATH="$tappass_root/.toolchain/node_modules/.bin:$PATH"
		export PATH
		return 0
	fi
	command -v node >/dev/null 2>&1 && node_is_new_enough node
}
