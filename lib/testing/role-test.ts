/** What every role should hold, tested on canned answers: no host, no network, milliseconds. */
import assert from 'node:assert/strict'
import { problemText } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { LocatedMap, LocatedScalar } from '../core/located.ts'
import { listProblems } from '../core/ordering.ts'
import type { Plan, Resource, Step } from '../core/resource.ts'
import type { Role } from '../core/role.ts'
import { check, type Infer, type Schema } from '../core/schema.ts'
import { Secret, sha256 } from '../core/secret.ts'
import { planResources } from '../engine/selection.ts'
import { type Canned, canned, nameOf, plainFacts } from './canned.ts'

/** A function that adds a test: that of uvu, node:test, vitest or jest. */
export type AddTest = (name: string, body: () => void | Promise<void>) => unknown

export interface RoleCase<P> {
  /** Parameters as they come out of the schema. Secrets in them must be seen nowhere: give them eight characters or more. */
  readonly params: P
  /** Default: a Debian 12 on amd64. */
  readonly facts?: Facts
  /** What a host says, as `reader:key`, on which everything is as it should be. */
  readonly right: Canned
  /** By resource: answers that differ from the right ones in that resource alone. Beside these each right answer is left out in turn. */
  readonly drifts?: Readonly<Record<string, Canned>>
}

/**
 * Adds the tests: an empty host gets a plan in an order that holds; on the right answers everything is kept; each answer
 * that is missing or differs plans the resource that it belongs to and what reacts to it, and nothing else; an answer of
 * `stat` may have more at its end; no secret is in a plan; the same parameters give the same resources; an unknown parameter is refused.
 */
export function roleTest<S extends Schema, Extra>(
  test: AddTest,
  role: Role<S, Extra>,
  { params, facts = plainFacts, right, drifts = {} }: RoleCase<Infer<S> & Extra>,
): void {
  const make = (): readonly Resource[] => role.resources(params, facts)
  const planned = (answers: Canned): readonly Plan[] => planResources(make(), canned(answers))

  test('an empty host: there is something to do, in an order that holds', () => {
    none(listProblems([{ host: 'a host', play: 'the role', resources: make() }]).map(problemText))
    assert.ok(changed(planned({})).length > 0, 'nothing would be done on an empty host')
    for (const { id, action, steps } of planned({}))
      if (action !== 'blocked' && action !== 'keep')
        assert.ok(steps.length > 0, `${id}: to be changed, and has no step`)
  })

  test('on the right answers everything is kept', () => {
    const asked = new Set(make().flatMap(({ probe }) => probe.map(nameOf)))
    none(
      Object.keys(right).filter((name) => !asked.has(name)),
      'right: nothing asks these',
    )
    none(
      planned(right)
        .filter(({ action }) => action !== 'keep')
        .map(differenceText),
    )
  })

  for (const [name, answer] of Object.entries(right)) {
    if (answer === '') continue
    test(`without ${name} what asks it is planned, and nothing else`, () => {
      const own = make().filter(({ probe }) => probe.some((question) => nameOf(question) === name))
      only(
        own.map(({ id }) => id),
        make(),
        planned({ ...right, [name]: '' }),
      )
    })
  }

  for (const [id, answers] of Object.entries(drifts)) {
    test(`${id} is planned where it differs, and nothing else`, () =>
      only([id], make(), planned({ ...right, ...answers })))
  }

  const all = [
    ...[{}, right, ...Object.keys(right).map((name) => ({ ...right, [name]: '' }))],
    ...Object.values(drifts).map((drift) => ({ ...right, ...drift })),
  ]

  if (Object.keys(right).some(isStat))
    test('what is known of a path may grow: more at the end of an answer of stat changes no plan', () => {
      for (const answers of all)
        same(planned(grown(answers)).map(textsOf), planned(answers).map(textsOf), 'read it with readStat')
    })

  test('no secret is in a plan', () => {
    const secrets = secretsIn(params)
    const inputs = all.flatMap((answers) => planned(answers).flatMap(({ steps }) => steps.flatMap(inputOf)))
    const shown = all
      .flatMap((answers) => [
        ...planned(answers).flatMap(textsOf),
        ...make().flatMap(({ detail }) => detail?.lines(canned(answers)) ?? []),
      ])
      .join('\n')
    for (const secret of secrets) {
      assert.ok(
        secret.length >= 8,
        'a secret in params has less than eight characters, which may be anywhere by chance',
      )
      // Of a secret of several lines, a plan has each line by itself.
      const lines = secret.split('\n').filter((line) => line.length >= 8)
      for (const form of [...[secret, ...lines].flatMap(writings), sha256(secret)])
        assert.ok(!shown.includes(form), 'a secret, or a form of it, is in a plan')
      for (const input of inputs)
        assert.ok(
          !input.includes(secret) || !shown.includes(sha256(input)),
          'the digest of a text with a secret is in a plan, and the secret can be guessed from it: write it as secretText`…`',
        )
    }
    // What JSON and YAML make of a Secret.
    for (const input of secrets.length > 0 ? inputs : [])
      assert.ok(!/["']\*{3}["']/.test(input), 'a step writes "***" where a secret should be: reveal it, in a Secret')
  })

  test('the same parameters give the same resources', () => {
    const seen = (): readonly string[] => make().map((one) => `${one.id} ${one.digest()}`)
    same(seen(), ahead(seen), 'what is declared depends on the time, on chance or on a counter')
  })

  test('an unknown parameter is refused', () => {
    const at = { file: 'a test', line: 0, column: 0 }
    const stray = new LocatedMap(at, new Map([['no_such_parameter', { at, value: new LocatedScalar(at, 1, '1') }]]))
    const checked = check(role.params, stray)
    const problems = checked.ok ? [] : checked.problems
    assert.ok(
      problems.some(({ what }) => /no_such_parameter.*unknown/.test(what)),
      'the schema takes any name: make it with params()',
    )
  })
}

const isStat = (name: string): boolean => name.startsWith('stat:')

/** The same answers, of a Plinth that asks for more. */
const grown = (answers: Canned): Canned =>
  Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [name, isStat(name) && answer !== '' ? `${answer}|0|0` : answer]),
  )

const inputOf = ({ input }: Step): readonly string[] =>
  input === undefined ? [] : [Buffer.from(input as string).toString()]

/** The resources that a plan changes. */
export const changed = (plans: readonly Plan[]): readonly string[] =>
  plans.filter(({ action }) => action !== 'keep').map(({ id }) => id)

/** Asserts that of `ids` at least one is planned, and beside them only what stands on them. */
export function only(ids: readonly string[], resources: readonly Resource[], plans: readonly Plan[]): void {
  const found = changed(plans)
  assert.ok(
    found.some((id) => ids.includes(id)),
    `none of ${ids.join(', ')} is planned; planned: ${found.join(', ') || 'nothing'}`,
  )
  const allowed = new Set(ids)
  // In the order of the list: what a resource stands on comes before it.
  for (const { id, needs = [] } of resources) if (needs.some((need) => allowed.has(need))) allowed.add(id)
  const others = plans.filter(({ id, action }) => action !== 'keep' && !allowed.has(id))
  none(others.map(differenceText), 'planned as well')
}

/**
 * Asserts that nothing is left; what is left is named. By its length: under a runner with a context of its own for each file, as
 * jest, a list that a role made has another prototype than one of ours, and `deepEqual` takes even two empty ones for different.
 */
export function none(left: readonly string[], what?: string): void {
  assert.ok(left.length === 0, [...(what === undefined ? [] : [what]), left.join('; ')].join(': '))
}

/** The same, of two that should be equal: by their text. */
const same = (first: unknown, second: unknown, what?: string): void =>
  assert.equal(JSON.stringify(first), JSON.stringify(second), what)

const differenceText = ({ id, action, changes, problems }: Plan): string =>
  `${action} ${id}: ${[...changes.map(({ key, from, to }) => `${key} ${from} → ${to}`), ...problems.map(({ what }) => what)].join(', ')}`

/** All of a plan that is ever shown, but for the lines of a file; what a step reads from its standard input is not. */
const textsOf = ({ id, changes, problems, warnings = [], steps }: Plan): readonly string[] => [
  id,
  ...changes.flatMap(({ key, from, to }) => [key, from ?? '', to ?? '']),
  ...[...problems, ...warnings].flatMap(({ where, what, remedy }) => [where, what, remedy]),
  ...steps.flatMap(({ say, run, command = '' }) => [say, run, command]),
]

/** A text as commands and files have it: by itself, in quotes of a shell, in an address or a form, in JSON, in base64. */
function writings(text: string): readonly string[] {
  // Half of a surrogate pair has no code in an address.
  const whole = Buffer.from(text).toString()
  return [
    text,
    text.replaceAll("'", "'\\''"),
    encodeURIComponent(whole),
    new URLSearchParams({ '': whole }).toString().slice(1),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64'),
  ]
}

/** Milliseconds: a year and 35 days, an hour, a minute, a second and one, so that no part of a date is what it was. */
const aYear = ((400 * 24 + 1) * 3600 + 61) * 1000 + 1

/** What `work` gives when the clock is far ahead. A runner with a context of its own for each file has another clock there. */
function ahead<T>(work: () => T): T {
  const { Date: own } = globalThis
  globalThis.Date = new Proxy(own, {
    construct: (_, given, made) => Reflect.construct(own, given.length > 0 ? given : [own.now() + aYear], made),
    apply: () => new Date().toString(),
    get: (_, key) => (key === 'now' ? () => own.now() + aYear : Reflect.get(own, key)),
  })
  try {
    return work()
  } finally {
    globalThis.Date = own
  }
}

function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : []
}
