/** The names and addresses of a lab: everything it owns on the controller can be found from its name alone. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { usageError } from '../../lib/core/error.ts'
import { cgroupRoot } from './cgroup.ts'

/** Images, archives and the state of every lab. */
export const cacheFolder = join(homedir(), '.cache', 'plinth')

/** What `up` boots unless told. */
export const defaultHosts = ['db1', 'nacos1', 'nacos2', 'nacos3'] as const

/** Every name a host may have, with the last number of its address. */
export const addressNumbers: ReadonlyMap<string, number> = new Map([
  ['db1', 10],
  ...Array.from({ length: 30 }, (_, index): [string, number] => [`nacos${index + 1}`, 11 + index]),
])

const knownNetworks: Readonly<Record<string, string>> = { demo: '10.77.0', test: '10.78.0', selftest: '10.79.0' }

export interface Layout {
  readonly name: string
  /** Keys, secrets and the hosts' disks. */
  readonly folder: string
  /** The first three numbers of its /24; the controller is .1. */
  readonly network: string
  readonly bridge: string
  readonly cgroup: string
}

export interface HostLayout {
  readonly name: string
  readonly address: string
  readonly mac: string
  /** Network namespace, and machine name for systemd-nspawn. */
  readonly machine: string
  /** The controller's end of its cable. */
  readonly link: string
  readonly folder: string
  readonly root: string
  readonly cgroup: string
}

const digest = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length)

/**
 * Where a lab lives.
 * @param name lower-case letters, digits and `-`, at most 20
 * @param subnet `a.b.c.0/24`; without it the one the lab had before, or the name decides
 * @throws PlinthError (4) when the name or the subnet has another form
 */
export function layoutOf(name: string, subnet?: string): Layout {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    throw usageError({
      where: `lab ${name}`,
      what: 'is no name of a lab',
      remedy: 'use lower-case letters, digits and "-", at most 20 of them',
    })
  }
  if (subnet !== undefined && !/^(\d{1,3}\.){3}0\/24$/.test(subnet)) {
    throw usageError({ where: `subnet ${subnet}`, what: 'is no /24 network', remedy: 'write it like 10.80.0.0/24' })
  }
  const hashed = `10.${80 + (Number.parseInt(digest(name, 2), 16) % 100)}.${Number.parseInt(digest(name, 4).slice(2), 16)}`
  const folder = join(cacheFolder, 'labs', name)
  const network = subnet?.replace(/\.0\/24$/, '') ?? networkBefore(folder) ?? knownNetworks[name] ?? hashed
  return {
    name,
    folder,
    network,
    bridge: name.length <= 11 ? `plb-${name}` : `plb-${digest(name, 8)}`,
    cgroup: join(cgroupRoot(), 'plinth-lab', name),
  }
}

const networkFile = (folder: string): string => join(folder, 'network')

const networkBefore = (folder: string): string | undefined =>
  existsSync(networkFile(folder)) ? readFileSync(networkFile(folder), 'utf8').trim() : undefined

/**
 * Whether a lab's hosts may go on where they are.
 * @throws PlinthError (4) when they stand on another network
 */
export function checkNetwork(lab: Layout): void {
  const before = networkBefore(lab.folder) ?? lab.network
  if (before === lab.network) return
  throw usageError({
    where: `lab ${lab.name}`,
    what: `its hosts are on ${before}.0/24, not on ${lab.network}.0/24`,
    remedy: `take it down first: npm run lab -- down --lab ${lab.name}`,
  })
}

/** Keeps a lab's network, so that later commands need not be told. */
export const keepNetwork = (lab: Layout): void => writeFileSync(networkFile(lab.folder), `${lab.network}\n`)

/**
 * Where one host of a lab lives.
 * @throws PlinthError (4) for a name that no host of a lab has
 */
export function hostLayout(lab: Layout, name: string): HostLayout {
  const number = addressNumbers.get(name)
  if (number === undefined) {
    throw usageError({
      where: `host ${name}`,
      what: 'is no host of a lab',
      remedy: `use one of ${defaultHosts.join(', ')}, or up to nacos30`,
    })
  }
  const octets = [...lab.network.split('.').map(Number), number]
  return {
    name,
    address: octets.join('.'),
    // Made from the address, so that a host that was reset is found at once.
    mac: `02:00:${octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`,
    machine: `plinth-${lab.name}-${name}`,
    link: `plv${digest(`${lab.name}/${name}`, 10)}`,
    folder: join(lab.folder, 'hosts', name),
    root: join(lab.folder, 'hosts', name, 'root'),
    cgroup: join(lab.cgroup, name),
  }
}
