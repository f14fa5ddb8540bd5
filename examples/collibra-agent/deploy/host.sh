#!/bin/sh
# What the host owner does: enrols the sandbox, the first time, and runs the agent in it.
set -eu
enrolment=${ENROLMENT:-/enrolment}
state=${TAPPASS_HOST_STATE:-/var/lib/tappass}
[ -d "$state/tenant_a" ] || tappass-host init tenant_a --enroll-url "$(cat "$enrolment/url")"
tappass-host start tenant_a --agent examples/collibra-agent -- serve
exec tappass-host logs tenant_a --follow
