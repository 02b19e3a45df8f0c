# Sourced by the demo and the tests: what they both need before any TypeScript can run.
cd "$(dirname "$0")/${TOP:-..}"
if ! command -v node >/dev/null || [ "$(node -p 'Number(process.versions.node.split(".")[0])')" -lt 20 ]; then
  echo "node: Node 20 or newer is needed; install it, then run this again" >&2
  exit 4
fi
if ! npm ls --silent >/dev/null 2>&1; then
  echo "installing the node modules"
  npm ci --silent --no-audit --no-fund
fi
