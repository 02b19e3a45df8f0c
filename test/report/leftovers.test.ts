/** What is said at the end of what a site declares no longer: what became of it, not what --prune would do. */
import { type Resource, resource } from '../../lib/core/resource.ts'
import { play } from '../../lib/engine/play.ts'
import { document } from '../../lib/report/document.ts'
import { page } from '../../lib/report/page.ts'
import { FakeWorld, fakeHost } from '../../lib/testing.ts'
import { is, there, thing } from '../engine/thing.ts'
import { assert, suite } from '../kit.ts'
import { type Asked, recorded } from './runs.ts'
import { conforms } from './schemas.ts'

const test = suite('report/leftovers')

/** What removes a thing. */
const leftover = (id: string): Resource | undefined =>
  id === 'thing:stays'
    ? undefined
    : resource({
        id,
        probe: [{ reader: is, key: id }],
        read: (answers) => (answers({ reader: is, key: id }) === '' ? null : {}),
        desired: null,
        steps: () => [{ say: `remove ${id}`, run: 'rm' }],
      })

/** Two hosts of one machine, and one of another, all of which once had more. */
function world(): FakeWorld {
  const made = new FakeWorld()
  const noted = { m1: ['app thing:a', 'web thing:x', 'web thing:stays'], m2: ['db thing:a', 'db thing:x'] }
  for (const [name, receipts] of Object.entries(noted)) {
    const machine = made.machine(name)
    there(made, name, 'a')
    machine.answer('receipts:machine', receipts.map((one) => `test ${one}`.replaceAll(' ', '\t')).join('\n'))
    machine.answer('is:thing:x', 'there').on('remove thing:x', () => {
      machine.answer('is:thing:x', '')
      return undefined
    })
  }
  return made
}
const nodes = [fakeHost('app', null, 'm1'), fakeHost('web', null, 'm1'), fakeHost('db', null, 'm2')]
const site = [play('p', nodes, () => [thing('a')], { maxFailures: 1 })]

interface Case {
  readonly says: string
  readonly asked: Asked
  readonly broken?: boolean
  /** Of the thing of web, and of that of db. */
  readonly words: readonly [string, string]
  readonly removed: readonly [boolean, boolean]
}
const cases: readonly Case[] = [
  {
    says: 'a check',
    asked: { check: true },
    words: ['would be removed by --prune', 'would be removed by --prune'],
    removed: [false, false],
  },
  {
    says: 'a check with --prune',
    asked: { check: true, prune: true },
    words: ['would be removed', 'would be removed'],
    removed: [false, false],
  },
  {
    says: 'a run without --prune',
    asked: {},
    words: ['would be removed by --prune', 'would be removed by --prune'],
    removed: [false, false],
  },
  { says: '--prune', asked: { prune: true }, words: ['removed', 'removed'], removed: [true, true] },
  {
    says: '--prune that fails',
    asked: { prune: true },
    broken: true,
    words: ['removed', 'not removed'],
    removed: [true, false],
  },
]

for (const { says, asked, broken, words, removed } of cases) {
  test(`what is no longer declared, after ${says}`, async () => {
    const over = world()
    if (broken) over.machine('m2').fail('remove thing:x')
    const run = await recorded(site, over, { ...asked, leftover })
    const text = page(run)
    const items = [...text.matchAll(/<li><span class="id">thing:(\w+)<\/span> on ([^:]*): ([^<]*) </g)]
    const shown = new Map(
      items.flatMap(([, name, on, say]) => on!.split(', ').map((host): [string, string] => [`${host} ${name}`, say!])),
    )
    assert.equal([shown.get('web x'), shown.get('db x'), shown.get('web stays')], [...words, 'by hand'])
    const made = document(run)
    conforms('report', made)
    const found = made.leftovers as readonly { host: string; resource: string; removed: boolean }[]
    const of = (host: string) => found.find((one) => one.host === host && one.resource === 'thing:x')?.removed
    assert.equal([of('web'), of('db')], [...removed])
  })
}

test.run()
