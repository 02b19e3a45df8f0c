/** Of texts that are written and read again: properties, unit files, quoting, diffs, vaults, plans, versions. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { PlinthError, problemText, usageError } from '../../lib/core/error.ts'
import { nearest } from '../../lib/core/nearest.ts'
import { pack, unpack } from '../../lib/core/probe.ts'
import { readSavedPlan, type SavedPlan, savedPlanText } from '../../lib/core/saved-plan.ts'
import { q } from '../../lib/core/script.ts'
import { shellWords } from '../../lib/core/shell-words.ts'
import { textDiff } from '../../lib/core/text-diff.ts'
import { visible } from '../../lib/core/visible.ts'
import { openVault, openVaultBytes, sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { Seal } from '../../lib/engine/sealing.ts'
import { readRow, rowText } from '../../lib/mysql/dump.ts'
import { clusterConf, memberOf, parseClusterConf, splitMember } from '../../lib/nacos/members.ts'
import { editProperties, parseProperties } from '../../lib/nacos/properties.ts'
import { compareVersions, parseVersion } from '../../lib/nacos/version.ts'
import { commandWord } from '../../roles/systemd-service.ts'
import { assert, suite } from '../kit.ts'
import { law, textOf, unlessRefused } from './laws.ts'

const test = suite('laws of texts')

const anything = fc.string({ unit: 'binary', maxLength: 40 })
const noNul = anything.filter((text) => !text.includes('\0'))
const properties = textOf(
  'a',
  'b',
  '=',
  ':',
  ' ',
  '\\',
  '\\\\',
  '\\u0041',
  '\n',
  '\r',
  '\r\n',
  '\\\n  ',
  '#',
  '!',
  'é',
  'a=1\n',
)

test('properties that were edited hold what was wanted, and all else as before', () =>
  law(
    fc.tuple(
      properties,
      fc.dictionary(
        fc.oneof(fc.constantFrom('a', 'b', 'a b'), anything).filter((key) => key !== ''),
        fc.option(anything),
      ),
    ),
    async ([text, wanted]) => {
      const before = await unlessRefused(() => parseProperties(text))
      if (before === null) return
      const edited = editProperties(text, wanted)
      const expected = new Map(before)
      for (const [key, value] of Object.entries(wanted)) {
        if (value === null) expected.delete(key)
        else expected.set(key, value)
      }
      // To Java a backslash alone at the end is a key without a name: nobody's, and gone when something is added.
      const named = (found: ReadonlyMap<string, string>): Map<string, string> =>
        new Map([...found].filter(([key]) => key !== '').sort())
      assert.equal(named(parseProperties(edited)), named(expected))
      assert.is(editProperties(edited, wanted), edited, 'twice is once')
    },
    1000,
  ))

/** A line of words as systemd takes it apart: quotes, backslashes, `%%` and `$$`. (systemd.syntax(7), systemd.service(5)) */
function systemdWords(line: string): readonly string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^ ]+/gs) ?? []
  return words
    .map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/gs, '$1') : word))
    .map((word) => word.replaceAll('%%', '%').replaceAll('$$', '$'))
}

test('words of a unit file mean what they were', () =>
  law(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 6 }), (words) =>
    assert.equal(systemdWords(words.map(commandWord).join(' ')), words),
  ))

test('a quoted word is that word, to the reader of words', () =>
  law(fc.array(noNul, { maxLength: 6 }), (words) =>
    assert.equal(
      shellWords(words.map(q).join(' '))?.map(({ text }) => text),
      words,
    ),
  ))

test('a quoted word is that word, to a real dash', () => {
  const words = fc.sample(
    fc.oneof(
      noNul,
      textOf("'", '"', '\\', '$', '`', '\n', ' ', '!', '*', '~', '-n').filter((text) => !text.includes('\0')),
    ),
    {
      seed: 20_261_126,
      numRuns: 2000,
    },
  )
  // Bytes that are no text would not come back as they went.
  const sent = words.filter((word) => !/\p{Surrogate}/u.test(word))
  const { stdout, status } = spawnSync('dash', [], {
    input: `printf '%s\\0' ${sent.map(q).join(' ')}\n`,
    encoding: 'utf8',
  })
  assert.is(status, 0)
  assert.equal(stdout.split('\0').slice(0, -1), sent)
})

/** A text with the lines of a unified diff done to it. */
function patched(before: string, diff: readonly string[]): string {
  const old = before.split(/(?<=\n)/)
  const out: string[] = []
  let at = 0
  for (const [i, line] of diff.entries()) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      out.push(...old.slice(at, start))
      at = start
    } else if (line.startsWith('\\')) continue
    else {
      const text = `${line.slice(1)}${diff[i + 1]?.startsWith('\\') ? '' : '\n'}`
      if (line.startsWith(' ') || line.startsWith('-')) assert.is(old[at++], text)
      if (line.startsWith(' ') || line.startsWith('+')) out.push(text)
    }
  }
  return [...out, ...old.slice(at)].join('')
}

const someLines = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '-', '+ x', '@@ -1 +1 @@', '\\'), { maxLength: 25 }), fc.boolean())
  .map(([lines, ends]) =>
    lines
      .map((line) => `${line}\n`)
      .join('')
      .slice(0, ends ? undefined : -1),
  )

test('a diff done to the text before is the text after', () =>
  law(
    fc.tuple(someLines, someLines),
    ([before, after]) => {
      const diff = textDiff(before, after)
      assert.ok(diff)
      assert.is(patched(before, diff!), after)
      if (before === after) assert.is(diff!.length, 0)
    },
    1000,
  ))

test('what is sealed is opened, by its password and no other', () =>
  law(
    fc.tuple(
      fc.uint8Array({ maxLength: 100 }),
      noNul.map((text) => `p${text}`),
      fc.constantFrom('default', 'lab', '密码'),
    ),
    async ([bytes, password, id]) => {
      const sealed = sealVault(bytes, new VaultKey(password, id))
      assert.equal([...openVaultBytes(sealed, [new VaultKey(password)], 'x').bytes], [...bytes])
      assert.is(await unlessRefused(() => openVault(sealed, [new VaultKey(`${password}!`)], 'x')), null)
      for (const line of sealed.split('\n')) assert.ok(line.length <= 80)
    },
    30,
  ))

const version = fc
  .tuple(
    fc.array(fc.nat(3), { minLength: 3, maxLength: 4 }),
    fc.constantFrom('', '-SNAPSHOT', '-ALPHA', '-BETA', '-RC', '-alpha', '-ALPHA.1', '-RC2'),
  )
  .map(([numbers, pre]) => parseVersion(`${numbers.join('.')}${pre}`))

test('versions are in one order', () =>
  law(
    fc.tuple(version, version, version),
    ([a, b, c]) => {
      assert.is(compareVersions(a, a), 0)
      assert.is(compareVersions(a, b), -compareVersions(b, a) + 0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0)
      if (compareVersions(a, b) === 0) assert.is(compareVersions(a, c), compareVersions(b, c))
      assert.is(compareVersions(parseVersion(a.text), a), 0)
    },
    1000,
  ))

test('any text is a version, or refused', () =>
  law(
    textOf('1', '2', '.', '-', 'v', 'BETA', 'RC', ' '),
    async (text) => void (await unlessRefused(() => parseVersion(text))),
  ))

test('answers of two readers come out as they went in', () =>
  law(fc.array(fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'mark 0', '/x y'), anything)), (given) => {
    const readers = [(keys: readonly string[]) => `first ${keys}`, (keys: readonly string[]) => `second ${keys}`]
    const told = new Map(given.map(([first, key, answer]) => [`${first ? 0 : 1}\t${key}`, answer]))
    const questions = [...told.keys()].map((id) => ({ reader: readers[Number(id[0])]!, key: id.slice(2) }))
    const script = pack(questions, 'MARK')
    const output = script.split('\n').flatMap((line) => {
      const section = /^printf .*'(MARK \d+)'$/.exec(line)?.[1]
      if (section !== undefined) return [section]
      const reader = line.startsWith('first') ? 0 : line.startsWith('second') ? 1 : null
      return [...told].flatMap(([id, answer]) =>
        Number(id[0]) === reader ? answer.split('\n').map((part) => `${id.slice(2)}\t${part}`) : [],
      )
    })
    const answers = unpack(questions, 'MARK', `noise\n${output.join('\n')}\n`)
    for (const [i, answer] of [...told.values()].entries()) assert.is(answers(questions[i]!), answer)
  }))

test('rows of a dump are read as they were written', () =>
  law(fc.array(fc.option(anything)), (row) => assert.equal(readRow(rowText(row)), row)))

test('members of a cluster are read as they were written', () =>
  law(
    fc.array(fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 2024, max: 64_534 })), { maxLength: 6 }),
    (list) => {
      const members = list.map(([address, port]) => memberOf(address, port))
      assert.equal(new Set(parseClusterConf(clusterConf(members))), new Set(members))
      for (const [i, [address, port]] of list.entries()) assert.equal(splitMember(members[i]!), { address, port })
    },
  ))

const hex = fc.stringMatching(/^[0-9a-f]{32}$/)
const plan: fc.Arbitrary<SavedPlan> = fc.record({
  plinth: fc.constant('1'),
  made: anything,
  playbook: anything,
  selection: fc.record({
    inventory: fc.array(anything),
    limit: fc.option(anything),
    extraVars: fc.array(anything),
    prune: fc.boolean(),
  }),
  hosts: fc.constant([]),
  plays: fc.array(
    fc.record({
      play: anything,
      how: anything,
      hosts: fc.array(
        fc.record({
          host: anything,
          items: fc.constant([]),
          kept: fc.dictionary(
            anything.filter((key) => key !== '__proto__'),
            hex,
          ),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
})

test('a plan is read as it was written, and no other text is one', () =>
  law(fc.tuple(plan, fc.nat(), fc.string({ minLength: 1, maxLength: 1 })), async ([plan, at, other]) => {
    const text = savedPlanText(plan)
    assert.equal(JSON.stringify(readSavedPlan('x', text, '1')), JSON.stringify(plan))
    const place = at % text.length
    const changed = `${text.slice(0, place)}${other}${text.slice(place + 1)}`
    const read = await unlessRefused(() => readSavedPlan('x', changed, '1'))
    // A blank more or less between its parts changes nothing.
    if (read) assert.equal(JSON.stringify(read), JSON.stringify(plan))
  }))

test('digests of a machine tell values, things and machines apart', () =>
  law(
    fc.tuple(fc.array(anything, { maxLength: 3 }), anything, fc.array(anything, { maxLength: 3 }), anything, hex, hex),
    ([about, value, otherAbout, otherValue, machine, otherMachine]) => {
      const seal = new Seal(({ key }) => (key === '/etc/machine-id' ? machine : ''))
      const other = new Seal(({ key }) => (key === '/etc/machine-id' ? otherMachine : ''))
      const same = JSON.stringify([about, value]) === JSON.stringify([otherAbout, otherValue])
      assert.is(seal.digest(about, value) === seal.digest(otherAbout, otherValue), same)
      assert.is(seal.digest(about, value) === other.digest(about, value), machine === otherMachine)
    },
  ))

test('what is shown is obeyed by no terminal, and is shown the same twice', () =>
  law(fc.string({ unit: 'binary' }), (text) => {
    assert.not.match(visible(text), /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u)
    assert.is(visible(visible(text)), visible(text))
    const line = problemText({ where: text, what: text, remedy: text })
    assert.not.match(line, /[^\P{Cc}\t\n]/u)
    assert.is(new PlinthError([{ where: text, what: text, remedy: text }]).message, line)
    assert.not.match(usageError({ where: text, what: text, remedy: text }).message, /\n/)
  }))

test('the nearest name is among the names, and a name is nearest to itself', () =>
  law(
    fc.tuple(fc.string({ maxLength: 12 }), fc.array(fc.string({ minLength: 1, maxLength: 12 }))),
    ([wrong, names]) => {
      const found = nearest(wrong, names)
      assert.ok(found === null || names.includes(found))
      const [name] = names
      if (name !== undefined) assert.is(nearest(name, names)?.toLowerCase(), name.toLowerCase())
    },
  ))

test.run()
