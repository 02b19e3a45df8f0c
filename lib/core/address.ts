/**
 * Host names and addresses as Ansible tells them apart, with ranges and a port: what decides where a pattern is cut and
 * what of `web[1:3]:2222` is the port. (ansible-core 2.19, lib/ansible/parsing/utils/addresses.py: parse_address.)
 */

export interface Address {
  /** A name or an address, ranges not expanded. */
  readonly host: string
  readonly port: number | null
}

const numbers = '\\[\\d+:\\d+(?::\\d+)?\\]'
const hexadecimals = '\\[[0-9a-f]+:[0-9a-f]+(?::\\d+)?\\]'
const letters = '\\[(?:[a-z]:[a-z]|\\d+:\\d+)(?::\\d+)?\\]'

const octet = `(?:[01]?\\d{1,2}|2[0-4]\\d|25[0-5]|${numbers})`
const ipv4 = new RegExp(`^(?:${octet}\\.){3}${octet}$`, 'i')

const word = `(?:[0-9a-f]{1,4}|${hexadecimals})`
const ipv6 = new RegExp(
  `^(?:${[
    `(?:${word}:){7}${word}`,
    `(?:${word}:){1,6}:`,
    ...[1, 2, 3, 4, 5, 6].map((before) => `(?:${word}:){${before}}(?::${word}){1,${7 - before}}`),
    `:(?::${word}){1,6}`,
    `${word}?::`,
    `(?:0:){6}(?:${word}\\.){3}${word}`,
    `::(?:ffff:)?(?:${word}\\.){3}${word}`,
    `(?:0:){5}ffff:(?:${word}\\.){3}${word}`,
  ].join('|')})$`,
  'i',
)

const letter = '[\\p{L}\\p{N}_]'
const label = `(?:${letter}|${letters})(?:${letter}|-|${letters})*(?<![_-])`
const hostname = new RegExp(`^${label}(?:\\.${label})*$`, 'iu')

/** Most names, at a hundredth of what it takes to make ready for all of them. */
const plain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i

const bracketed = /^\[(.+)\]:(\d+)$/
const withPort = /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/

/** The host and the port in `text`, or null where it is no host name and no address. */
export function parseAddress(text: string): Address | null {
  let host = text
  let port: number | null = null
  for (const form of [bracketed, withPort]) {
    const match = form.exec(host)
    if (match?.[1] === undefined) continue
    host = match[1]
    port = Number(match[2])
  }
  return plain.test(host) || ipv4.test(host) || ipv6.test(host) || hostname.test(host) ? { host, port } : null
}
