#!/bin/sh
# What the operator does, once: registers what agents may reach, applies the policies, and hands over one URL for the host.
set -eu
data=${DATA:-/data}
enrolment=${ENROLMENT:-/enrolment}
[ ! -f "$enrolment/url" ] || exit 0
tappass login --data "$data"
tappass mcp register collibra --url "${CATALOG:-http://127.0.0.1:7700/mcp}"
tappass upstream add scripted --speaks openai --url "${MODEL:-http://127.0.0.1:7701/v1}" --models 'scripted*' --region eu \
	--price input=1,output=1
tappass policy apply --level org policies/acme-baseline.rego
tappass policy apply --level project=collibra-eval policies/collibra-steward.rego
umask 077
tappass sandbox-spec emit-bootstrap collibra-steward --project collibra-eval --count 1 > "$enrolment/url.new"
mv "$enrolment/url.new" "$enrolment/url"
