/**
 * A run as JUnit XML, which Jenkins and GitLab show as test results: a suite for each play on each host, a case for
 * each resource. Kept and changed pass, failed and (in a check) differing fail, blocked and unreachable are errors, what
 * was not reached is skipped. Pure. (The shape is that of junit-10.xsd of Jenkins' xunit plugin.)
 */
import { problemText } from '../core/error.ts'
import type { Change } from '../core/resource.ts'
import type { Failure } from '../engine/world.ts'
import { Markup, markup } from './markup.ts'
import { type HostOutcome, type Outcome, outcomesOf, type State } from './outcome.ts'
import type { Run } from './run.ts'

interface Case {
  readonly name: string
  readonly state: State
  readonly seconds: number
  readonly message: string
  readonly text: string
}

const elements: Readonly<Partial<Record<State, 'failure' | 'error' | 'skipped'>>> = {
  differs: 'failure',
  failed: 'failure',
  blocked: 'error',
  unreachable: 'error',
  skipped: 'skipped',
}

/** The text of the file. */
export function junit(run: Run): string {
  const suites = outcomesOf(run).map((host) => ({ host, cases: casesOf(host) }))
  const all = suites.flatMap(({ cases }) => cases)
  const body = suites.map(
    ({ host, cases }) => markup`
<testsuite name="${`${host.play} on ${host.host}`}" hostname="${host.host}" timestamp="${run.started.slice(0, 19)}" ${sums(cases)}>${cases.map((one) => element(host, one))}
</testsuite>`,
  )
  const head = new Markup('<?xml version="1.0" encoding="UTF-8"?>')
  return markup`${head}
<testsuites name="${run.playbook}" ${sums(all, run.seconds)}>${body}
</testsuites>
`.text
}

function sums(cases: readonly Case[], seconds = cases.reduce((sum, one) => sum + one.seconds, 0)): Markup {
  const number = (element: string): number => cases.filter(({ state }) => elements[state] === element).length
  const [failures, errors, skipped] = ['failure', 'error', 'skipped'].map(number)
  return markup`tests="${cases.length}" failures="${failures ?? 0}" errors="${errors ?? 0}" skipped="${skipped ?? 0}" time="${seconds.toFixed(3)}"`
}

const casesOf = ({ host, outcomes, failures }: HostOutcome): readonly Case[] => [
  ...outcomes.map(caseOf),
  ...failures.map((failure) => ({
    name: failure.kind === 'unreachable' ? 'connection' : `the play on ${host}`,
    state: failure.kind,
    seconds: 0,
    ...told(failure),
  })),
]

const caseOf = ({ plan, state, seconds, failure }: Outcome): Case => ({
  name: plan.id,
  state,
  seconds,
  ...(failure
    ? told(failure)
    : { message: state === 'skipped' ? 'not reached' : plan.action, text: plan.changes.map(changeText).join('\n') }),
})

const changeText = ({ key, from, to }: Change): string => `${key}: ${from ?? '(nothing)'} → ${to ?? '(nothing)'}`

/** What is said of a failure: its first line, and everything. */
const told = ({ problems, step, done, undone }: Failure): Pick<Case, 'message' | 'text'> => ({
  message: (problems[0]?.what ?? '').split('\n')[0] ?? '',
  text: [
    ...problems.map(problemText),
    ...(step ? [`command: ${step.run}`, `exit code: ${step.code ?? 'unknown'}`] : []),
    ...(done.length > 0 ? [`done: ${done.join('; ')}`] : []),
    ...(undone.length > 0 ? [`not done: ${undone.join('; ')}`] : []),
  ].join('\n'),
})

function element({ play, host }: HostOutcome, { name, state, seconds, message, text }: Case): Markup {
  // Readers cut a class into package and class at its last dot; an address has dots of its own.
  const head = markup`name="${name}" classname="${play}.${host.replaceAll('.', '_')}" time="${seconds.toFixed(3)}"`
  const kind = elements[state]
  if (kind === undefined)
    return markup`
<testcase ${head}/>`
  const tag = new Markup(kind)
  if (kind === 'skipped')
    return markup`
<testcase ${head}><skipped message="${message}"/></testcase>`
  return markup`
<testcase ${head}><${tag} type="${state}" message="${message}">${text}</${tag}></testcase>`
}
