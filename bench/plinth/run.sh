#!/bin/sh
# One run of Plinth, as its user starts it but for npx. Everything comes in the BENCH_ variables (see ../README.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
awk -v key="$BENCH_KEY" -v known="$BENCH_KNOWN_HOSTS" '
  BEGIN {
    print "all:\n  vars:\n    ansible_user: root"
    print "    ansible_ssh_private_key_file: " key "\n    ansible_ssh_common_args: -o UserKnownHostsFile=" known
    print "  children:\n    nacos:\n      hosts:"
  }
  { print "        " $1 ": { ansible_host: " $2 ", ansible_port: " $3 " }" }' "$BENCH_INVENTORY" >"$BENCH_WORK/hosts.yaml"
# What Plinth knows of hosts from earlier runs lies in a home of the benchmark's own; a first install meets the hosts for the first time.
export HOME="$BENCH_HOME"
case $BENCH_JOB in J4 | J5) rm -rf "$HOME/.cache" ;; esac
[ "$BENCH_CHECK" = 0 ] || set -- "$@" --check
cd "$here/../.."
PATH=${PLINTH_PATH:+$PLINTH_PATH:}$PATH
exec ${PLINTH_START:-node_modules/.bin/tsx} "bench/plinth/${BENCH_SITE:-site}.ts" -i "$BENCH_WORK/hosts.yaml" "$@"
