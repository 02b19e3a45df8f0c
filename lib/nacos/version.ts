/**
 * Nacos versions: how they are written, how they are ordered, and what is known of each. The numbers of the issues
 * behind each rule are in docs/nacos.md.
 */
import { usageError } from '../core/error.ts'
import { type Finding, risky, wrong } from './finding.ts'

export type Prerelease = 'SNAPSHOT' | 'ALPHA' | 'BETA' | 'RC'
export type Mode = 'cluster' | 'standalone' | 'embedded'

export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** The fourth number of a repair release: 1 in 2.2.0.1. */
  readonly extra?: number
  readonly pre?: Prerelease
  /** The number behind it: 2 in 2.0.0-ALPHA.2. */
  readonly preNumber?: number
  readonly text: string
}

const shape = /^(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?(?:-(SNAPSHOT|ALPHA|BETA|RC)(?:\.?(\d+))?)?$/i

/** Whether a text is a version. */
export const isVersion = (text: string): boolean => shape.test(text)

/**
 * A version as Nacos writes it: 2.5.4, 2.2.0.1, 3.3.0-BETA, 2.0.0-ALPHA.2; a leading v is dropped.
 * Throws a usage error for anything else.
 */
export function parseVersion(text: string): Version {
  const match = shape.exec(text.trim().replace(/^v(?=\d)/i, ''))
  if (!match) {
    throw usageError({
      where: 'Nacos version',
      what: `${JSON.stringify(text)} is not a version`,
      remedy: 'write it as the release is named, for example 2.5.4, 2.2.0.1 or 3.3.0-BETA',
    })
  }
  const [whole, major, minor, patch, extra, pre, preNumber] = match
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    ...(extra === undefined ? {} : { extra: Number(extra) }),
    ...(pre === undefined ? {} : { pre: pre.toUpperCase() as Prerelease }),
    ...(preNumber === undefined ? {} : { preNumber: Number(preNumber) }),
    text: whole,
  }
}

const ranks: readonly (Prerelease | undefined)[] = ['SNAPSHOT', 'ALPHA', 'BETA', 'RC', undefined]
const numbers = (v: Version): number[] => [v.major, v.minor, v.patch, v.extra ?? 0]
const order = (v: Version): number[] => [...numbers(v), ranks.indexOf(v.pre), v.preNumber ?? 0]

const compareNumbers = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : Math.sign((a[at] ?? 0) - (b[at] ?? 0))
}

/** -1, 0 or 1: 2.2.0 < 2.2.0.1 < 2.2.1, and 3.3.0-ALPHA < 3.3.0-BETA < 3.3.0. */
export const compareVersions = (a: Version, b: Version): number => compareNumbers(order(a), order(b))

/** Whether `version` has what came with `since` ("2.1.0"). A pre-release has what its release has. */
export const atLeast = (version: Version, since: string): boolean =>
  compareNumbers(numbers(version), numbers(parseVersion(since))) >= 0

/** Whether `from` ≤ version < `below`, pre-releases counted as their release. */
export const within = (version: Version, from: string, below: string): boolean =>
  atLeast(version, from) && !atLeast(version, below)

/** Whether it is an ALPHA, BETA, RC or SNAPSHOT. Such a version is deployed only where the inventory allows it by name. */
export const isPrerelease = (version: Version): boolean => version.pre !== undefined

export interface Jdk {
  readonly least: number
  readonly recommended: number
  /** Why a JDK of this major version can't run it; undefined if it can. */
  refused(major: number): string | undefined
  /** What to know of running it on this JDK, where it can. */
  note(major: number): string | undefined
}

/** The JDKs a Nacos version runs on. 2.x: 8 and newer; 3.x: 17 and newer (release notes). */
export function jdkFor(version: Version): Jdk {
  const least = version.major >= 3 ? 17 : 8
  return {
    least,
    recommended: least,
    refused: (major) =>
      major < least ? `Nacos ${version.text} needs JDK ${least} or newer, this is JDK ${major}` : undefined,
    note: (major) => {
      // #6609: an empty first argument that only JDK 9 and newer trip over; there is no such argument without the script.
      if (version.major === 2 && !atLeast(version, '2.0.4') && major >= 9)
        return `the startup.sh of ${version.text} fails on JDK ${major}; run by its unit, which starts java directly, it works`
      if (version.major === 2 && major > 17) return `2.x is known to run on JDK 8, 11 and 17, not yet on ${major}`
      return undefined
    },
  }
}

/** How far a version is carried: `proven` is run by the tests' kind of lab, `written` rests on facts alone, `no` is refused. */
export function support(version: Version): 'proven' | 'written' | 'no' {
  if (!atLeast(version, '2.0.0')) return 'no'
  if (!atLeast(version, '2.6.0')) return 'proven'
  return version.major === 3 ? 'written' : 'no'
}

interface Rule {
  readonly from: string
  readonly below: string
  readonly modes?: readonly Mode[]
  readonly finding: Finding
}

const rules: readonly Rule[] = [
  {
    from: '0.0.0',
    below: '2.0.0',
    finding: wrong('1.x is at its end of life', 'deploy 2.0 to 2.5; a 1.4 cluster first goes through 2.0 or 2.1'),
  },
  {
    from: '1.4.5',
    below: '1.4.6',
    finding: wrong('1.4.5 ignores conf/application.properties', 'use 1.4.6 or newer'),
  },
  {
    from: '2.4.0',
    below: '2.4.0.1',
    finding: wrong('2.4.0 has broken tables for users and roles', 'use 2.4.0.1 or newer'),
  },
  {
    from: '2.2.3',
    below: '2.3.0',
    modes: ['embedded'],
    finding: wrong(
      'a fresh embedded cluster of 2.2.3 or 2.2.4 dies with a NullPointerException',
      'use 2.2.2, or 2.3.0 and newer, or give the cluster a MySQL',
    ),
  },
  {
    from: '2.4.1',
    below: '2.4.2',
    modes: ['standalone'],
    finding: risky('a standalone 2.4.1 may say "server is DOWN"', 'use 2.4.2 or newer'),
  },
  {
    from: '2.0.0',
    below: '2.2.0.1',
    finding: risky(
      'it ships known secrets: a token secret, and an identity that lets anyone in as a member',
      'set your own token secret and identity, and change the password of the user nacos',
    ),
  },
  {
    from: '2.0.0',
    below: '2.2.3',
    finding: risky(
      'whoever reaches its Raft port can run code (CNVD-2023-45001)',
      'let only members reach that port, or use 2.2.3 or newer',
    ),
  },
  {
    from: '2.6.0',
    below: '3.0.0',
    finding: wrong('no such line is known', 'use 2.5.x or 3.x'),
  },
  {
    from: '3.0.0',
    below: '3.2.0',
    finding: risky('3.0 and 3.1 are supported from their documentation', 'try it on a lab before production'),
  },
  {
    from: '3.2.0',
    below: '4.0.0',
    finding: risky(
      '3.2 and newer drop the v1 and v2 APIs and are supported from their release notes only',
      'check that every client and script speaks v3 or gRPC, and try it on a lab before production',
    ),
  },
  {
    from: '4.0.0',
    below: '1000.0.0',
    finding: wrong('this version is newer than anything known here', 'use 2.5.x or 3.x'),
  },
]

/** What is known against running this version in this mode, errors first. */
export function versionProblems(version: Version, mode: Mode): Finding[] {
  return rules
    .filter(({ from, below, modes }) => within(version, from, below) && (!modes || modes.includes(mode)))
    .map(({ finding }) => ({ ...finding, what: `Nacos ${version.text}: ${finding.what}` }))
    .sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
}

/** Refuses a pre-release that is not in `allowed` (the versions the inventory names). */
export function prereleaseProblem(version: Version, allowed: readonly string[]): Finding | undefined {
  if (!isPrerelease(version) || allowed.some((text) => compareVersions(parseVersion(text), version) === 0))
    return undefined
  return wrong(
    `Nacos ${version.text} is a pre-release (${version.pre})`,
    `deploy a release, or allow exactly ${version.text} by name`,
  )
}
