/** What --tags makes of a host's lists: cases as data, through the plans of a fake host. */
import { problemText } from '../../lib/core/error.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { tagged } from '../../lib/core/tagged.ts'
import { assign } from '../../lib/engine/assignment.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { planResources, select } from '../../lib/engine/selection.ts'
import { isSelected, type Tags, tagProblems, wordsOf } from '../../lib/engine/tags.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, thing } from './thing.ts'

const test = suite('engine/selection')

const must = (name: string, holds: boolean): Resource =>
  requirement(`must:${name}`, {
    probe: [],
    check: () => (holds ? [] : [{ where: name, what: 'it does not hold', remedy: 'see to it' }]),
  })
const a = thing('a')
/** Three lists of one host: what is laid out, what runs with it, and something beside. */
const standard = (holds = true): readonly Play[] => [
  play('ground', hosts('h1'), () => tagged('base', [a, must('space', holds)])),
  play('app', hosts('h1'), () => [...tagged('conf', [thing('b', [a])]), ...tagged('run', [thing('c', [thing('b')])])]),
  play('aside', hosts('h1'), () => [thing('d')], { tags: ['extra'] }),
]

interface Case {
  readonly says: string
  readonly only?: readonly string[]
  readonly skip?: readonly string[]
  /** The things that are as they should be, of a b c d. */
  readonly there?: string
  readonly holds?: boolean
  readonly force?: boolean
  /** Other lists than those above. */
  readonly site?: () => readonly Play[]
  /** `action id`, and after it the problems and warnings. */
  readonly plans: readonly string[]
  /** `id`, with `because of` for what it would be restarted for, `only` where it does not differ itself. */
  readonly left: readonly string[]
}

const standing = (id: string, on: string, remedy: string): string =>
  `blocked thing:${id}: thing:${id}: it stands on ${on} not selected; ${remedy}, or go on with --force`

const cases: readonly Case[] = [
  {
    says: 'without tags everything is planned, and nothing is left',
    plans: ['create thing:a', 'keep must:space', 'create thing:b', 'create thing:c', 'create thing:d'],
    left: [],
  },
  {
    says: 'what differs and is not selected is left, where nothing that is selected stands on it',
    only: ['base'],
    plans: ['create thing:a', 'keep must:space'],
    left: ['thing:b', 'thing:c', 'thing:d'],
  },
  {
    says: 'a selected thing is blocked by what it stands on, in an earlier list of the host too',
    only: ['conf'],
    plans: [standing('b', 'thing:a, which differs and is', 'add --tags base')],
    left: ['thing:a', 'thing:c', 'thing:d'],
  },
  {
    says: 'it need not be the next one: by way of others',
    only: ['run'],
    there: 'b',
    plans: [standing('c', 'thing:a, which differs and is', 'add --tags base')],
    left: ['thing:a', 'thing:d'],
  },
  {
    says: 'several of them are one problem, with every tag that is needed',
    only: ['run'],
    plans: [standing('c', 'thing:b and 1 more, which differ and are', 'add --tags conf,base')],
    left: ['thing:a', 'thing:b', 'thing:d'],
  },
  {
    says: 'a selected thing that is as declared is not blocked by anything',
    only: ['conf'],
    there: 'b',
    plans: ['keep thing:b'],
    left: ['thing:a', 'thing:c', 'thing:d'],
  },
  {
    says: 'what is selected with it is no hindrance',
    only: ['base', 'conf'],
    there: 'cd',
    plans: ['create thing:a', 'keep must:space', 'create thing:b'],
    left: ['thing:c because of thing:b only'],
  },
  {
    says: 'what is left is not pending: nothing is restarted for it',
    only: ['run'],
    there: 'abcd',
    plans: ['keep thing:c'],
    left: [],
  },
  {
    says: 'what runs with a changed input and is not selected is owed a restart, though it does not differ',
    only: ['base'],
    there: 'bcd',
    plans: ['create thing:a', 'keep must:space'],
    left: ['thing:b because of thing:a only'],
  },
  {
    says: 'a tag of the play, its name, or the kind',
    only: ['extra'],
    plans: ['create thing:d'],
    left: ['thing:a', 'thing:b', 'thing:c'],
  },
  { says: 'the name of a play', only: ['aside'], there: 'abcd', plans: ['keep thing:d'], left: [] },
  {
    says: 'a kind',
    only: ['thing'],
    plans: ['create thing:a', 'create thing:b', 'create thing:c', 'create thing:d'],
    left: [],
  },
  {
    says: 'skipped is skipped, whatever finds it otherwise; the remedy says so',
    only: ['thing'],
    skip: ['base'],
    there: 'cd',
    plans: [
      'blocked thing:b: thing:b: it stands on thing:a, which differs and is not selected; take base out of --skip-tags, or go on with --force',
      'blocked thing:c: thing:c: it stands on thing:a, which differs and is not selected; take base out of --skip-tags, or go on with --force',
      'keep thing:d',
    ],
    left: ['thing:a'],
  },
  {
    says: 'skipping alone leaves everything else',
    skip: ['app', 'ground'],
    plans: ['create thing:d'],
    left: ['thing:a', 'thing:b', 'thing:c'],
  },
  {
    says: 'with force it goes on and says what it stands on',
    only: ['conf'],
    force: true,
    there: 'cd',
    plans: ['create thing:b: thing:b: it stands on thing:a, which differs and is not selected; add --tags base'],
    left: ['thing:a', 'thing:c because of thing:b only'],
  },
  {
    says: 'a requirement that fails blocks what comes after it, and says why itself',
    only: ['extra'],
    holds: false,
    there: 'abc',
    plans: ['blocked must:space: space: it does not hold; see to it', 'create thing:d'],
    left: ['must:space'],
  },
  {
    says: 'a requirement that fails for what is missing leaves the word to that',
    only: ['run'],
    holds: false,
    there: 'b',
    site: () => [
      play('one', hosts('h1'), () => [
        a,
        { ...must('space', false), needs: ['thing:a'] },
        ...tagged('run', [thing('c')]),
      ]),
    ],
    plans: [standing('c', 'thing:a, which differs and is', 'add --tags one')],
    left: ['thing:a', 'must:space'],
  },
  {
    says: 'what another list of the host selects is not left, and no hindrance',
    only: ['run'],
    site: () => [
      play('one', hosts('h1'), () => [a]),
      play('two', hosts('h1'), () => tagged('run', [a, thing('b', [a])])),
    ],
    plans: ['create thing:a', 'create thing:b'],
    left: [],
  },
  {
    says: 'what would only have to follow does not stand in the way',
    only: ['base', 'run'],
    there: 'bd',
    plans: ['create thing:a', 'keep must:space', 'create thing:c'],
    left: ['thing:b because of thing:a only'],
  },
  {
    says: 'a requirement that fails is nobody else’s business',
    only: ['extra'],
    holds: false,
    there: 'abcd',
    plans: ['keep thing:d'],
    left: ['must:space'],
  },
  {
    says: 'a requirement that fails is a warning with force',
    only: ['extra'],
    holds: false,
    force: true,
    there: 'abc',
    plans: ['create thing:d: space: it does not hold; see to it'],
    left: ['must:space'],
  },
]

for (const {
  says,
  only = [],
  skip = [],
  there = '',
  holds = true,
  force = false,
  site = standard,
  plans,
  left,
} of cases) {
  test(says, () => {
    const answers = canned(Object.fromEntries([...there].map((name) => [`is:${name}`, 'new'])))
    const [host] = hosts('h1')
    let changed: ReadonlySet<string> = new Set()
    const looks = assign(site(holds), host!.machine, plainFacts, { only, skip }).map((assignment) => {
      const found = planResources(assignment.resources, answers, changed, assignment.selected)
      const look = { assignment, answers, plans: found, changed }
      const mine = found.filter(({ id, action }) => action !== 'keep' && (assignment.selected?.has(id) ?? true))
      changed = new Set([...changed, ...mine.map(({ id }) => id)])
      return look
    })
    const selections = select(looks, force)
    assert.equal(
      selections
        .flatMap((selection) => selection.plans)
        .map(({ action, id, problems, warnings = [] }) =>
          [`${action} ${id}`, ...[...problems, ...warnings].map(problemText)].join(': '),
        ),
      plans,
    )
    assert.equal(
      selections
        .flatMap((selection) => selection.left)
        .map(({ id, owes, differs }) =>
          [id, ...(owes.length > 0 ? ['because of', ...owes] : []), ...(differs ? [] : ['only'])].join(' '),
        ),
      left,
    )
  })
}

const words: readonly [tags: Partial<Tags>, words: string, selected: boolean][] = [
  [{}, 'file', true],
  [{ only: ['a'] }, 'file', false],
  [{ only: ['a', 'b'] }, 'file b', true],
  [{ skip: ['b'] }, 'file b', false],
  [{ skip: ['b'] }, 'file', true],
  [{ only: ['file'], skip: ['b'] }, 'file b', false],
  [{ only: ['file'], skip: ['b'] }, 'file c', true],
]
for (const [tags, found, selected] of words) {
  test(`${JSON.stringify(tags)} and "${found}"`, () =>
    assert.is(isSelected({ only: [], skip: [], ...tags }, found.split(' ')), selected))
}

test('the words that find a resource: its play, the play’s tags, its kind, its own', () => {
  const [one] = tagged('java', [thing('x')])
  assert.equal(
    wordsOf(
      play('app', [], () => [], { tags: ['slow'] }),
      one!,
    ),
    ['app', 'slow', 'thing', 'java'],
  )
})

test('an unknown tag is a mistake, with the nearest one and all there are', () => {
  const known = new Set(['nacos', 'java', 'unit'])
  assert.equal(tagProblems({ only: ['java', 'jaav'], skip: ['zzz'] }, known).map(problemText), [
    '--tags: there is no tag "jaav"; did you mean "java"? known: java, nacos, unit',
    '--skip-tags: there is no tag "zzz"; use a known tag: java, nacos, unit',
  ])
})

test.run()
