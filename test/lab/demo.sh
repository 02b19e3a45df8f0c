#!/bin/sh
# From a bare Debian to a Nacos cluster on real hosts: `npm run demo`.
set -eu
TOP=../..
. "$(dirname "$0")/../setup.sh"
exec node --import tsx test/lab/demo.ts "$@"
