#!/bin/sh
# All checks and tests, from a bare machine on: `npm test`, or `npm test -- --unit` for what needs no lab.
set -eu
. "$(dirname "$0")/setup.sh"
exec node --import tsx test/run.ts "$@"
