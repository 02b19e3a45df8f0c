/** The JDK that runs Nacos: from a package of the distribution, from a pinned archive, or one that is there already. */
import type { Distribution } from '../lib/core/distribution.ts'
import type { Facts } from '../lib/core/facts.ts'
import { type Definition, type Resource, resource } from '../lib/core/resource.ts'
import { role } from '../lib/core/role.ts'
import { controllerPath, hostPath, integer, optional, params, text } from '../lib/core/schema.ts'
import { sh } from '../lib/core/script.ts'
import { javaVersion } from '../lib/readers.ts'
import { directory } from '../lib/resources/directory.ts'
import { distributionPackage } from '../lib/resources/package.ts'
import { archiveFolder, release } from '../lib/resources/release.ts'
import { symlink } from '../lib/resources/symlink.ts'

export const digest = () => text({ like: /[0-9a-f]{64}/, expected: 'a SHA-256: 64 lower-case hexadecimal digits' })
const build = params({ archive: controllerPath(), sha256: digest() })

export const javaParams = params({
  /** Major version: 8, 17. */
  version: integer({ min: 8, max: 99 }),
  /** A package of the distribution that installs it. */
  package: optional(text({ like: /[A-Za-z0-9][A-Za-z0-9+._-]*/, expected: 'the name of a package' })),
  /** Where that package, or whoever installed it, puts it. Default: the place of the distribution's OpenJDK. */
  home: optional(hostPath()),
  /** Instead of a package: one archive per architecture. */
  archives: optional(params({ amd64: optional(build), arm64: optional(build) })),
})

/** Declared, never discovered: every other role uses this path, whatever the JDK came from. */
export const javaHome = (version: number): string => `/opt/java/${version}`

/** The package of the distribution's OpenJDK, and where it is found: by Debian's names, or those of the Red Hat family. */
function openJdk(version: number, { arch, packageManager }: Facts): { readonly name: string; readonly home: string } {
  if (packageManager !== 'dnf')
    return { name: `openjdk-${version}-jre-headless`, home: `/usr/lib/jvm/java-${version}-openjdk-${arch}` }
  const own = version === 8 ? '1.8.0' : String(version)
  return { name: `java-${own}-openjdk-headless`, home: `/usr/lib/jvm/jre-${own}-openjdk` }
}

/** The archive of a host's architecture, opened by the playbook; none when the JDK comes from elsewhere. */
export interface JavaArchives {
  readonly opened: Readonly<Record<string, Distribution>>
}

export const java = role<typeof javaParams, JavaArchives>({
  params: javaParams,
  resources({ version, package: name, home, archives, opened }, facts) {
    const link = javaHome(version)
    const archive = archives === undefined ? undefined : opened[facts.arch]
    const unpacked = archive && `/opt/java/${archive.sha256.slice(0, 12)}`
    const distributed = openJdk(version, facts)
    const installed = unpacked ?? home ?? distributed.home
    return [
      directory('/opt/java'),
      ...(archive && unpacked
        ? [
            directory(archiveFolder, { mode: '0700' }),
            release(unpacked, { archive, owner: 'root', group: 'root', others: true }),
          ]
        : []),
      ...(archives === undefined && (name !== undefined || home === undefined)
        ? [distributionPackage(name ?? distributed.name, facts)]
        : []),
      symlink(link, installed),
      runs(link, version, facts, archives !== undefined && archive === undefined),
    ]
  },
})

const major = (version: string): string => (version.startsWith('1.') ? version.slice(2) : version).replace(/\D.*$/, '')

/** What `java -version` really says. Nothing here can mend it, so a wrong answer blocks, or stops the apply. */
function runs(home: string, version: number, { arch }: Facts, noArchive: boolean): Resource {
  const question = { reader: javaVersion, key: home }
  const before = [`symlink:${home}`]
  const definition: Definition<{ readonly [key: string]: string; readonly version: string }> = {
    id: `java:${home}`,
    needs: before,
    guards: true,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { version: major(answers(question)) }),
    desired: { version: String(version) },
    blocked(_answers, actual, pending) {
      if (noArchive) {
        return [
          {
            where: `java:${home}`,
            what: `no JDK archive is declared for the architecture ${arch}`,
            remedy: `add java.archives.${arch} with its sha256 to the inventory`,
          },
        ]
      }
      if (
        [...pending].some(
          (id) => before.includes(id) || id.startsWith('package:') || id.startsWith('release:/opt/java/'),
        )
      )
        return []
      return actual?.version === String(version)
        ? []
        : [
            {
              where: `java:${home}`,
              what:
                actual === null
                  ? 'no java answers there'
                  : `java -version says ${actual.version}, declared is ${version}`,
              remedy: `install a JDK ${version}, or declare the version that is meant in the inventory (java.version)`,
            },
          ]
    },
    steps: () => [
      {
        say: `check that java is version ${version}`,
        run: sh`v=$(${home}/bin/java -version 2>&1 </dev/null | sed -n 's/.*version "\([^"]*\)".*/\1/p')
case $v in ${version}|${version}.*|${`1.${version}.`}*) ;; *) echo "java -version says '$v', declared is ${version}" >&2; exit 1 ;; esac`
          .text,
      },
    ],
  }
  return resource(definition)
}
