# Sourced by the demo and the tests with TOP set: what they both need before any TypeScript can run.
cd "$(dirname "$0")/$TOP"
if ! command -v node >/dev/null || ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 12) ? 0 : 1)'; then
  echo "node: Node 20.12 or newer is needed; install it, then run this again" >&2
  exit 4
fi
if ! npm ls --silent >/dev/null 2>&1; then
  echo "installing the node modules"
  # Not `npm ci`: it wants the native packages of every platform in the lock file, and a mirror may have only some of them.
  npm install --no-save --loglevel=error --no-audit --no-fund
fi
