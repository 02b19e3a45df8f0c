/** A plan that was saved and the plan of now, held against each other as data. */
import type { Change } from '../../lib/core/resource.ts'
import type { SavedHost, SavedItem } from '../../lib/core/saved-plan.ts'
import { deviations, folded, outlineDeviations } from '../../lib/engine/deviations.ts'
import type { SealedItem } from '../../lib/engine/sealing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/deviations')

/** `mode 0600>0644` */
const change = (text: string): Change => {
  const [key = '', from = '', to = ''] = text.split(/[ >]/)
  return { key, from: from === '' ? null : from, to: to === '' ? null : to }
}

interface Look {
  /** State by key; stands for its digests. Null where nothing is there. */
  readonly found: Record<string, string> | null
  readonly changes: readonly string[]
  readonly steps: readonly string[]
  readonly inputs?: readonly string[]
}

const item = ({ found, changes, steps, inputs = [] }: Look): SealedItem => ({
  id: 'x',
  action: changes.length + steps.length === 0 ? 'keep' : 'update',
  changes: changes.map(change),
  steps: steps.map((say) => ({ say, digest: say })),
  declared: 'd',
  found,
  inputs,
})
const saved = (look: Look): SavedHost => {
  const { inputs: _, ...rest } = item(look)
  return rest.action === 'keep'
    ? { host: 'h', items: [], kept: { x: 'd' } }
    : { host: 'h', items: [{ ...(rest as SavedItem) }], kept: {} }
}

const right: Look = { found: { mode: '0644' }, changes: [], steps: [] }
const file: Look = {
  found: { mode: '0600', owner: 'a' },
  changes: ['mode 0600>0644', 'owner a>b'],
  steps: ['chmod', 'chown'],
}

interface Case {
  readonly before: Look
  readonly now: Look
  /** Changed on the machine already. */
  readonly touched?: readonly string[]
  /** Nothing, when it may be done. */
  readonly says?: string
}

const moved = 'the host moved since the plan was made: '
const cases: Readonly<Record<string, Case>> = {
  'as it was': { before: file, now: file },
  'right then and now': { before: right, now: right },
  done: { before: file, now: right },
  'one value moved, one is as it should be': {
    before: file,
    now: { found: { mode: '0644', owner: 'c' }, changes: ['owner c>b'], steps: ['chown'] },
    says: `${moved}owner was a, is c`,
  },
  'half done': {
    before: file,
    now: { found: { mode: '0644', owner: 'a' }, changes: ['owner a>b'], steps: ['chown'] },
  },
  'half done, but with a step that nobody planned': {
    before: file,
    now: { found: { mode: '0644', owner: 'a' }, changes: ['owner a>b'], steps: ['chown -R'] },
    says: 'what would be done is not what was planned: chown -R',
  },
  'the planned steps in another order': {
    before: file,
    now: { ...file, steps: ['chown', 'chmod'] },
    says: 'what would be done is not what was planned: chown; chmod',
  },
  'a planned step twice': {
    before: file,
    now: { ...file, steps: ['chmod', 'chmod'] },
    says: 'what would be done is not what was planned: chmod; chmod',
  },
  'a value that was right is wrong too': {
    before: { found: { mode: '0600', owner: 'b' }, changes: ['mode 0600>0644'], steps: ['chmod', 'chown'] },
    now: file,
    says: `${moved}owner was b, is a`,
  },
  'a service whose input is changed already': {
    before: { found: { stale: 'no' }, changes: ['restart >because'], steps: ['restart'] },
    now: { found: { stale: 'yes' }, changes: ['stale yes>no'], steps: ['restart'], inputs: ['i'] },
    touched: ['i'],
  },
  'a service whose input is not': {
    before: { found: { stale: 'no' }, changes: ['restart >because'], steps: ['restart'] },
    now: { found: { stale: 'yes' }, changes: ['stale yes>no'], steps: ['restart'], inputs: ['i'] },
    touched: ['other'],
    says: `${moved}stale was no, is yes`,
  },
  'a service whose input is changed, and a step more': {
    before: { found: { stale: 'no' }, changes: ['restart >because'], steps: ['restart'] },
    now: { found: { stale: 'yes' }, changes: ['stale yes>no'], steps: ['reload', 'restart'], inputs: ['i'] },
    touched: ['i'],
    says: `${moved}stale was no, is yes`,
  },
  'a secret': {
    before: { found: { sum: '1' }, changes: ['sum ***>other'], steps: ['write'] },
    now: { found: { sum: '2' }, changes: ['sum ***>other'], steps: ['write'] },
    says: `${moved}sum is another`,
  },
}

for (const [name, { before, now, touched = [], says }] of Object.entries(cases)) {
  test(name, () => {
    const found = deviations(saved(before), { host: 'h', items: [item(now)] }, 'p', { touched: new Set(touched) })
    assert.equal(
      found.map(({ what }) => what),
      says === undefined ? [] : [says],
    )
  })
}

test('plays and hosts: more, less, another order', () => {
  const plays = (...lines: readonly string[]) =>
    lines.map((line) => {
      const [play = '', ...hosts] = line.split(' ')
      return { play, how: '', hosts }
    })
  const outline = (then: readonly string[], now: readonly string[]): readonly string[] =>
    outlineDeviations(
      plays(...then).map(({ hosts, ...play }) => ({
        ...play,
        hosts: hosts.map((host) => ({ host, items: [], kept: {} })),
      })),
      plays(...now),
    ).map(({ host, play, what }) => `${host} ${play}: ${what}`)
  assert.equal(outline(['p a b', 'q a'], ['p a b', 'q a']), [])
  assert.equal(outline(['p a b'], ['p a', 'q a']), [
    'a q: the plan has nothing for it in the play q',
    'b p: it is in the plan, and no longer in the play p',
  ])
  assert.equal(outline(['p a', 'q a'], ['q a', 'p a']), ['a q: the plays, or their hosts, have another order'])
  assert.equal(outline(['p a b'], ['p b a']), ['b p: the plays, or their hosts, have another order'])
})

test('six hosts are named, of more the first five', () => {
  const where = (count: number): string =>
    folded(
      Array.from({ length: count }, (_, index) => ({ host: `h${index}`, play: 'p', id: 'x', what: 'w', remedy: 'r' })),
    )[0]!.where
  assert.is(where(6), 'h0, h1, h2, h3, h4, h5 x')
  assert.is(where(7), 'h0, h1, h2, h3, h4 and 2 more hosts x')
})

test.run()
