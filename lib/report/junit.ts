/**
 * A run as JUnit XML, which Jenkins and GitLab show as test results: a suite for each play on each host, a case for
 * each resource; of a procedure a suite with a case for each action. Kept and changed pass, failed and (in a check) differing fail, blocked and unreachable are errors, what
 * was not reached is skipped. Pure. (The shape is that of junit-10.xsd of Jenkins' xunit plugin.)
 */
import { problemText } from '../core/error.ts'
import type { Change } from '../core/resource.ts'
import type { Failure } from '../engine/world.ts'
import { Markup, markup } from './markup.ts'
import { type HostOutcome, type Outcome, outcomesOf, type State } from './outcome.ts'
import { stateOfAction } from './procedure-outcome.ts'
import { type Ended, isProcedure, type ProcedureRun, type Run } from './run.ts'

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

/** The cases that belong together: what was done on one host. */
interface Suite {
  readonly name: string
  /** Null for what is done on the controller. */
  readonly host: string | null
  /** What its cases are classed under. */
  readonly under: string
  readonly cases: readonly Case[]
}

/** The text of the file. */
export function junit(run: Ended): string {
  const suites = isProcedure(run) ? procedureSuites(run) : siteSuites(run)
  const all = suites.flatMap(({ cases }) => cases)
  const body = suites.map((one) => {
    const { name, host, cases } = one
    const at = host === null ? null : markup` hostname="${host}"`
    return markup`
<testsuite name="${name}"${at} timestamp="${run.started.slice(0, 19)}" ${sums(cases)}>${cases.map((each) => element(one, each))}
</testsuite>`
  })
  const head = new Markup('<?xml version="1.0" encoding="UTF-8"?>')
  return markup`${head}
<testsuites name="${run.playbook}" ${sums(all, run.seconds)}>${body}
</testsuites>
`.text
}

const siteSuites = (run: Run): readonly Suite[] =>
  outcomesOf(run).map((one) => ({
    name: `${one.play} on ${one.host}`,
    host: one.host,
    under: one.play,
    cases: casesOf(one),
  }))

/** One suite: the actions of a procedure come one after the other, whatever host they are about. */
function procedureSuites({ result, check }: ProcedureRun): readonly Suite[] {
  const { procedure, actions, failures } = result
  const cases = actions.map((one): Case => {
    const failure = failures.find(({ play }) => play === one.action)
    const { say: message } = one
    const why = failure ? told(failure) : { message, text: message }
    return { name: one.action, state: stateOfAction(one, check), seconds: one.seconds, ...why }
  })
  return [{ name: procedure, host: null, under: 'procedure', cases }]
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

function element({ under, host, ...suite }: Suite, { name, state, seconds, message, text }: Case): Markup {
  // Readers cut a class into package and class at its last dot; an address has dots of its own.
  const group = (host ?? suite.name).replaceAll('.', '_')
  const head = markup`name="${name}" classname="${under}.${group}" time="${seconds.toFixed(3)}"`
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
