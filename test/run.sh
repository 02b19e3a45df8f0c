#!/bin/sh
# All checks and tests, from a bare machine on: `npm test`, or `npm test -- --unit` for what needs no lab.
set -eu
TOP=..
. "$(dirname "$0")/setup.sh"

# The unit tests run scripts under other shells and against an sshd of their own on loopback.
missing=
command -v busybox >/dev/null || missing="$missing busybox"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v ssh-keygen >/dev/null || missing="$missing openssh-client"
command -v ps >/dev/null || missing="$missing procps"
command -v setfacl >/dev/null || missing="$missing acl"
command -v fish >/dev/null || missing="$missing fish"
command -v tcsh >/dev/null || missing="$missing tcsh"
command -v zsh >/dev/null || missing="$missing zsh"
command -v sudo >/dev/null || missing="$missing sudo"
# Reports are looked at in a browser; the one without a window is the smaller (100 MB to fetch, 125 for the other).
browser=chromium-headless-shell
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing="$missing $browser"
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests: these packages are missing:$missing; install them, then run this again" >&2
    exit 4
  fi
  echo "installing$missing"
  apt-get -qq update
  apt-cache show $browser >/dev/null 2>&1 || missing=$(echo "$missing" | sed "s/$browser/chromium/")
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends $missing >/dev/null
fi
exec node --import tsx test/run.ts "$@"
