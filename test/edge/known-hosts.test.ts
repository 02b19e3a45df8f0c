import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  fingerprint,
  hashedName,
  judge,
  KnownKeys,
  keyType,
  knownName,
  knownTypes,
  matches,
  parseKnownHosts,
  rsaBits,
  type Verdict,
} from '../../lib/edge/known-hosts.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/known-hosts')
const folder = mkdtempSync(join(tmpdir(), 'plinth-known-hosts-'))
test.after(() => rmSync(folder, { recursive: true }))

/** A public key in wire format: its type, and something that tells it from others. */
function blob(type: string, what: string): Buffer {
  const parts = [type, what].flatMap((text) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(text))
    return [length, Buffer.from(text)]
  })
  return Buffer.concat(parts)
}

const a = blob('ssh-ed25519', 'a')
const b = blob('ssh-ed25519', 'b')
const rsa = blob('ssh-rsa', 'r')
const text = (key: Buffer): string => `${keyType(key)} ${key.toString('base64')}`

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij')
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

const names: readonly [hosts: string, name: string, covered: boolean][] = [
  ['db1', 'db1', true],
  ['db1', 'db2', false],
  ['db1', 'db10', false],
  ['DB1', 'db1', true],
  ['db1', 'Db1', true],
  ['db1,10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.10', false],
  ['10.0.0.1', '10x0.0.1', false],
  ['10.0.0.?', '10.0.0.7', true],
  ['10.0.0.?', '10.0.0.77', false],
  ['*.example.org', 'a.example.org', true],
  ['*.example.org', 'example.org', false],
  ['*', '[10.0.0.1]:2222', true],
  ['*.example.org,!bad.example.org', 'bad.example.org', false],
  ['!bad.example.org,*.example.org', 'bad.example.org', false],
  ['!bad.example.org', 'good.example.org', false],
  ['[10.0.0.1]:2222', '[10.0.0.1]:2222', true],
  ['[10.0.0.1]:2222', '10.0.0.1', false],
  ['10.0.0.1', '[10.0.0.1]:2222', false],
  ['[10.0.0.*]:2222', '[10.0.0.9]:2222', true],
  ['[abc]', 'a', false],
  ['fe80::1', 'fe80::1', true],
  [hashed('db1'), 'db1', true],
  [hashed('db1'), 'DB1', true],
  [hashed('db1'), 'db2', false],
  [hashed('[db1]:2222'), '[db1]:2222', true],
  [hashed('[db1]:2222'), 'db1', false],
  ['|1||', 'db1', false],
  ['|2|YWJj|YWJj', 'db1', false],
  ['|1|YWJj|YWJj', 'db1', false],
]

for (const [hosts, name, covered] of names) {
  test(`${hosts} ${covered ? 'covers' : 'does not cover'} ${name}`, () => {
    assert.is(matches(hosts, name), covered)
  })
}

test('a hash made by ssh-keygen is understood', () => {
  const line = '|1|X7Xot2C8M7IRnGxhvKBdbd6KiCc=|KOfot6moIhuuajK55/vmdDX8K54='
  assert.ok(matches(line, 'example.org'))
  assert.not(matches(line, 'example.com'))
})

interface Case {
  readonly name: string
  readonly lines: readonly string[]
  readonly presented: Buffer
  readonly host?: string
  readonly fallback?: string
  readonly verdict: Verdict['kind']
  readonly at?: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'the key of its line', lines: [`h ${text(a)}`], presented: a, verdict: 'known', at: ['F:1'] },
  { name: 'a comment behind it', lines: [`h ${text(a)} root@h`], presented: a, verdict: 'known' },
  { name: 'tabs between', lines: [`h\t${text(a).replace(' ', '\t')}`], presented: a, verdict: 'known' },
  {
    name: 'one of several keys',
    lines: [`h ${text(rsa)}`, `h ${text(a)}`],
    presented: a,
    verdict: 'known',
    at: ['F:2'],
  },
  { name: 'another key', lines: [`h ${text(a)}`], presented: b, verdict: 'changed', at: ['F:1'] },
  { name: 'a key of another kind', lines: [`h ${text(rsa)}`], presented: a, verdict: 'changed', at: ['F:1'] },
  { name: 'no line', lines: [`x ${text(a)}`], presented: a, verdict: 'unknown' },
  { name: 'an empty file', lines: [], presented: a, verdict: 'unknown' },
  { name: 'a comment', lines: [`# h ${text(a)}`, `#h ${text(a)}`], presented: a, verdict: 'unknown' },
  { name: 'a key that is cut', lines: ['h ssh-ed25519 AAAA'], presented: a, verdict: 'unknown' },
  {
    name: 'a type that is not the one in the key',
    lines: [`h ssh-rsa ${a.toString('base64')}`],
    presented: a,
    verdict: 'unknown',
  },
  { name: 'no key', lines: ['h', 'h ssh-ed25519', 'h ssh-ed25519 '], presented: a, verdict: 'unknown' },
  { name: 'an unknown marker', lines: [`@trusted h ${text(a)}`], presented: a, verdict: 'unknown' },
  { name: 'revoked', lines: [`@revoked h ${text(a)}`], presented: a, verdict: 'revoked', at: ['F:1'] },
  {
    name: 'revoked for all hosts, and known',
    lines: [`h ${text(a)}`, `@revoked * ${text(a)}`],
    presented: a,
    verdict: 'revoked',
    at: ['F:2'],
  },
  { name: 'another key was revoked', lines: [`@revoked * ${text(b)}`, `h ${text(a)}`], presented: a, verdict: 'known' },
  {
    name: 'revoked for another host',
    lines: [`@revoked x ${text(a)}`, `h ${text(a)}`],
    presented: a,
    verdict: 'known',
  },
  {
    name: 'revoked under the address without its port',
    lines: [`@revoked h ${text(a)}`, `[h]:2222 ${text(a)}`],
    presented: a,
    host: '[h]:2222',
    fallback: 'h',
    verdict: 'revoked',
  },
  {
    name: 'an authority alone',
    lines: [`@cert-authority *.org ${text(rsa)}`],
    presented: a,
    host: 'a.org',
    verdict: 'authority',
    at: ['F:1'],
  },
  {
    name: "an authority's own key is no host key",
    lines: [`@cert-authority * ${text(a)}`],
    presented: a,
    verdict: 'authority',
  },
  {
    name: 'an authority, and the host itself',
    lines: [`@cert-authority * ${text(rsa)}`, `h ${text(a)}`],
    presented: a,
    verdict: 'known',
  },
  {
    name: 'an authority, and another key of the host',
    lines: [`@cert-authority * ${text(rsa)}`, `h ${text(b)}`],
    presented: a,
    verdict: 'changed',
  },
  { name: 'a negated line does not vouch', lines: [`*,!h ${text(a)}`], presented: a, verdict: 'unknown' },
  {
    name: 'known with its port',
    lines: [`[h]:2222 ${text(a)}`],
    presented: a,
    host: '[h]:2222',
    fallback: 'h',
    verdict: 'known',
  },
  {
    name: 'known without its port only',
    lines: [`h ${text(a)}`],
    presented: a,
    host: '[h]:2222',
    fallback: 'h',
    verdict: 'known',
  },
  {
    name: 'another sshd on another port',
    lines: [`h ${text(b)}`],
    presented: a,
    host: '[h]:2222',
    fallback: 'h',
    verdict: 'unknown',
  },
  {
    name: 'its own line counts, not the one without port',
    lines: [`h ${text(a)}`, `[h]:2222 ${text(b)}`],
    presented: a,
    host: '[h]:2222',
    fallback: 'h',
    verdict: 'changed',
    at: ['F:2'],
  },
  { name: 'a hashed line', lines: [`${hashed('h')} ${text(a)}`], presented: a, verdict: 'known' },
  { name: 'Windows line ends', lines: [`h ${text(a)}\r`], presented: a, verdict: 'known' },
]

for (const { name, lines, presented, host = 'h', fallback, verdict, at } of cases) {
  test(`${name}: ${verdict}`, () => {
    const found = judge(parseKnownHosts(lines.join('\n'), 'F'), presented, host, fallback)
    assert.is(found.kind, verdict)
    const places = 'by' in found ? [found.by.where] : 'known' in found ? found.known.map((key) => key.where) : []
    if (at) assert.equal(places, at)
  })
}

test('the kinds of key to ask for first are those known for the host, revoked and signing ones left out', () => {
  const keys = parseKnownHosts(
    [
      `h ${text(rsa)}`,
      `x ${text(blob('ecdsa-sha2-nistp256', 'e'))}`,
      `@cert-authority h ${text(a)}`,
      `h ${text(rsa)}`,
    ].join('\n'),
    'F',
  )
  assert.equal(knownTypes(keys, 'h'), ['ssh-rsa'])
  assert.equal(knownTypes(keys, '[h]:2222', 'h'), ['ssh-rsa'])
  assert.equal(knownTypes(keys, 'x', 'h'), ['ecdsa-sha2-nistp256'], 'what is known without the port is of another sshd')
  assert.equal(knownTypes(keys, 'nowhere'), [])
})

test('the name a host is looked up by', () => {
  assert.is(knownName('h', 22), 'h')
  assert.is(knownName('h', 2222), '[h]:2222')
  assert.is(knownName('h', 2222, 'alias'), 'alias')
})

test('a fingerprint is written as ssh-keygen writes it', () => {
  // ssh-keygen -lf of: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy
  const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy', 'base64')
  assert.is(fingerprint(key), 'SHA256:qwNWn3MD25bjxzXwcRzsT0C9F/C5yKwPLBBfPtYEXHg')
})

test('found by name, whichever way the name is written in the file; a hashed one by whoever knows it', () => {
  const lines = ['h1,H2 ', `${hashedName('h3')} `, `${hashedName('[h1]:2222')} `, '*.x,!bad.x ', '@revoked h1 '].map(
    (start, index) => `${start}${text([a, b, rsa, a, b][index] ?? a)}`,
  )
  const keys = new KnownKeys(parseKnownHosts(lines.join('\n'), 'f'))
  const found = (name: string): readonly string[] => keys.about(name).map(({ where }) => where)
  for (let time = 0; time < 2; time++) {
    assert.equal(found('h1'), ['f:1', 'f:5'])
    assert.equal(found('h2'), ['f:1'])
    assert.equal(found('h3'), ['f:2'])
    assert.equal(found('[h1]:2222'), ['f:3'])
    assert.equal(found('y.x'), ['f:4'])
    assert.equal(found('bad.x'), [])
    assert.equal(found('h4'), [])
  }
  for (const key of parseKnownHosts(`${hashedName('h4')} ${text(a)}`, 'new')) keys.add('h4', key)
  assert.equal(found('h4'), ['new:1'])
})

test('a hashed name is what ssh-keygen finds', () => {
  const file = join(folder, 'hashed')
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy'
  writeFileSync(file, `${hashedName('Host.Example')} ${key}\n`)
  const found = execFileSync('ssh-keygen', ['-F', 'host.example', '-f', file], { encoding: 'utf8' })
  assert.match(found, /^\|1\|/m)
})

test('the length of RSA keys, and of no others', () => {
  for (const bits of [1024, 2048, 3072]) {
    const key = join(folder, `rsa${bits}`)
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', String(bits), '-N', '', '-f', key])
    const [, base64 = ''] = readFileSync(`${key}.pub`, 'utf8').split(' ')
    assert.is(rsaBits(Buffer.from(base64, 'base64')), bits)
  }
  assert.is(rsaBits(a), null)
  assert.is(rsaBits(Buffer.alloc(3)), null)
})

test.run()
