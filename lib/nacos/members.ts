/**
 * conf/cluster.conf: who belongs to the cluster. Nacos rewrites the file (a comment, then the sorted addresses) at
 * every change of membership, so it is compared as a set, never by its bytes.
 */
import { isIP, isIPv4, isIPv6, SocketAddress } from 'node:net'
import { type Finding, risky, wrong } from './finding.ts'

/** The main port of a member that is written without one, unless its own settings say otherwise. */
export const defaultPort = 8848

/**
 * The members as Nacos 2.x and 3.x read the file: a `#` starts a comment anywhere, commas separate several on one
 * line, a missing port is the reader's own (`ownPort`). What Nacos would misread is kept as it misreads it (a space
 * after a comma stays part of the address, `?raft_port=` too), so that such a file never equals the wanted set.
 */
export function parseClusterConf(text: string, ownPort = defaultPort): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => (line.trim().split('#')[0] ?? '').trim())
    .flatMap((line) => (line.indexOf(',') > 0 ? line.split(',') : [line]))
    .filter((member) => member !== '')
    .map((member) => withPort(member, ownPort))
}

const withPort = (member: string, port: number): string => {
  if (member.startsWith('[')) return /\]:/.test(member) ? member : `${member}:${port}`
  return member.includes(':') && !isIPv6(member) ? member : `${member}:${port}`
}

/** The file's text: one member a line, sorted as Nacos itself sorts them, so that the order of an inventory never shows. */
export const clusterConf = (members: readonly string[]): string =>
  [...new Set(members)]
    .sort()
    .map((member) => `${member}\n`)
    .join('')

/** An address as hosts themselves write it: of IPv6 there are many spellings, `FD00:0:0::1` is `fd00::1`. */
export const canonicalAddress = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new SocketAddress({ address, family: 'ipv6' }).address : address

/** A member of the cluster as `address:port`, an IPv6 address in brackets. */
export const memberOf = (address: string, port: number): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`

/** Address and port of a member; port is undefined when it is not a number. */
export function splitMember(member: string): { address: string; port: number | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(.*)$/.exec(member)
  const address = match?.[1] ?? match?.[2] ?? member
  const port = match?.[3]
  return { address, port: port !== undefined && /^\d+$/.test(port) ? Number(port) : undefined }
}

/** The Raft peer of a member, as it stands in the groups' peer lists: same address, port 1000 less. */
export function raftPeerOf(member: string): string {
  const { address, port } = splitMember(member)
  return memberOf(address, (port ?? defaultPort) - 1000)
}

const loopback = (address: string): boolean =>
  /^localhost(\.|$)/i.test(address) || (isIPv4(address) && address.startsWith('127.')) || address === '::1'

/** How many lost members a cluster of `size` survives: a majority must be left. */
export const survives = (size: number): number => Math.max(0, Math.floor((size - 1) / 2))

/** Whether `left` members of a cluster of `size` can still decide anything, and somebody serves at all. */
export const isMajority = (left: number, size: number): boolean => left > size / 2

/** What is wrong or unwise about a list of members (`address:port`), errors first. */
export function memberProblems(members: readonly string[]): Finding[] {
  return [
    ...members.flatMap(oneMember),
    ...mixedFamilies(members),
    ...duplicates(members),
    ...(members.length === 0 ? [wrong('the cluster has no member', 'name at least three')] : size(members.length)),
  ].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
}

function oneMember(member: string): Finding[] {
  const remedy = 'write the address the other members reach it by, as IP:PORT'
  if (/\?raft_port=/.test(member)) {
    return [
      wrong(
        `${member}: Nacos does not parse ?raft_port= and drops the whole list for it`,
        'remove it; the Raft port is always the main port less 1000',
      ),
    ]
  }
  const { address, port } = splitMember(member)
  if (loopback(address)) return [wrong(`${member}: a loopback address never matches the member itself`, remedy)]
  if (address === '0.0.0.0' || address === '::') return [wrong(`${member}: ${address} is no address of a host`, remedy)]
  if (isIP(address) === 0) {
    return [wrong(`${member}: members must all be IP addresses; a hostname and its IP count as two members`, remedy)]
  }
  if (port === undefined || port < 1 || port > 65535) return [wrong(`${member}: no port from 1 to 65535`, remedy)]
  return []
}

function mixedFamilies(members: readonly string[]): Finding[] {
  const families = new Set(members.map((member) => isIP(splitMember(member).address)).filter((family) => family > 0))
  return families.size > 1
    ? [wrong('the members mix IPv4 and IPv6 addresses', 'use one family; a member announces itself by one address')]
    : []
}

function duplicates(members: readonly string[]): Finding[] {
  const twice = new Set(members.filter((member, i) => members.indexOf(member) !== i))
  return [...twice].map((member) => wrong(`${member} is in the list twice`, 'name each member once'))
}

function size(count: number): Finding[] {
  const losses = survives(count)
  const says = `${count} ${count === 1 ? 'member survives' : 'members survive'} the loss of ${losses === 0 ? 'none' : losses}`
  if (count < 3) return [risky(says, 'use 3 members, which survive the loss of 1')]
  if (count % 2 === 1) return []
  return [risky(`${says}, no more than ${count - 1}`, `use ${count - 1} or ${count + 1} members`)]
}
