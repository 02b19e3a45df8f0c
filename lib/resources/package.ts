import { usageError } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { type Resource, resource } from '../core/resource.ts'
import { type Script, sh } from '../core/script.ts'
import { kindOf } from '../core/secret.ts'
import { mistake, shown } from '../core/told.ts'
import { installed } from '../readers.ts'

interface PackageState {
  readonly [key: string]: string
  readonly status: string
}

/** The name of one package. An option, a pattern, or apt's `name-`, which removes it, would not be it. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9+._:~-]*(?<!-)$/

/**
 * A package of the distribution, installed in whatever version its repositories offer; never upgraded here.
 * Throws a usage error for what is no name of one package, and without the facts of its host.
 */
export function distributionPackage(name: string, facts: Facts): Resource {
  if (typeof name !== 'string' || !plainName.test(name)) {
    const what = `expected the name of one package, found ${shown(name)}`
    throw mistake(distributionPackage, what, 'write it as dpkg -l or rpm -qa shows it, without a version')
  }
  // dpkg tells names without it, and so it would never be there.
  if (name.includes(':')) {
    const what = 'its name has an architecture'
    throw usageError({
      where: `package:${name}`,
      what,
      remedy: `write ${name.replace(/:.*/, '')}: it is that of the host`,
    })
  }
  if (typeof facts?.packageManager !== 'string') {
    const what = `package ${name}: the facts of its host are ${kindOf(facts)}`
    throw mistake(distributionPackage, what, "give the second argument of the play's function: (host, facts) => …")
  }
  const { packageManager, os } = facts
  const question = { reader: installed, key: name }
  return resource<PackageState>({
    id: `package:${name}`,
    probe: [question],
    read(answers) {
      // Several lines: one for each architecture, or each version that is installed side by side.
      // dpkg-query has a state for names that dpkg has only read somewhere, too.
      const [first, ...more] = answers(question)
        .split('\n')
        .filter((state) => state !== '' && state !== 'not-installed')
      return first === undefined ? null : { status: more.includes('installed') ? 'installed' : first }
    },
    desired: { status: 'installed' },
    blocked: (_answers, actual) =>
      packageManager === 'none' && actual?.status !== 'installed'
        ? [
            {
              where: `package:${name}`,
              what: `neither apt-get nor dnf is on this host (${os})`,
              remedy: 'declare an archive with its sha256, or an existing installation, in the inventory',
            },
          ]
        : [],
    steps: () => [
      {
        say: `install package ${name}`,
        deadline: 900,
        // The lists are fetched only when the package is not known yet: a closed network may have no newer ones to offer.
        // What it prints is kept until it has ended: a lost connection must not kill it in the middle as it prints to nobody.
        run: sh`out=$( {
${install(name, packageManager)}
} 2>&1 ) || { s=$?; printf '%s\n' "$out" >&2; exit $s; }`.text,
      },
    ],
  })
}

/**
 * apt refuses to go on after a dpkg that was cut, by a host that died or by our own deadline: what it had begun is finished then,
 * with configuration files as they are. Not before apt has refused: while another one is at work the journal is there too.
 */
const install = (name: string, packageManager: Facts['packageManager']): Script =>
  packageManager === 'apt'
    ? sh`export DEBIAN_FRONTEND=noninteractive
if ! apt-cache show -- ${name} >/dev/null 2>&1; then apt-get -q update; fi
install() { apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends ${name}; }
install || {
  s=$?
  for f in /var/lib/dpkg/updates/[0-9]*; do
    if [ -e "$f" ]; then dpkg --force-confold --configure -a && install; exit; fi
  done
  exit $s
}`
    : sh`dnf -qy install ${name}`
