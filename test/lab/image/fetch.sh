# A customize hook of mmdebstrap, while the mirror is configured. $1 is the root, FETCHED a folder outside of it.
# Fetches what the hosts install later without a network, and what the db layer is made of.
set -eu
fetch() {
  mkdir -p "$FETCHED/$1/partial"
  to="$FETCHED/$1"
  echo "I: fetching the packages of $1" >&2
  shift
  APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -y --download-only -o Dir::Cache::archives="$to/" install "$@"
  rm -r "$to/partial" "$to/lock"
}
fetch jdk openjdk-8-jre-headless openjdk-17-jre-headless
fetch db mysql-server
