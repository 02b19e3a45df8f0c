/**
 * The shape of a resource: one thing on one host that should be in one state.
 *
 * A kind says how its state is read, what is desired, and which steps close a difference. It never compares: state is
 * flat strings, normalised when read, and the one comparison is in `resource` below.
 */

import type { Problem } from './error.ts'
import { lazily } from './lazily.ts'
import type { Answers, Question } from './probe.ts'
import { sha256 } from './secret.ts'

/** Flat and normalised (`0644`, not `644`). A thing that is not there is null. */
export type State = Readonly<Record<string, string>>

export interface Upload {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /**
   * Shell that prints how many of its first bytes the host has already, from a run that was cut: only the rest is sent.
   * Ends `run` with `uploadAnew` if what was there was damaged and is gone now, it is sent once more, and whole.
   */
  readonly have?: string
}

/** The exit code of a step that wants its upload once more (EX_TEMPFAIL of sysexits.h). */
export const uploadAnew = 75

/** One command of an apply. */
export interface Step {
  /** The line the report prints; the host's name stands before it. */
  readonly say: string
  /** POSIX shell (SQL on a database channel). Runs in a subshell with `set -eu`. Never holds a secret. */
  readonly run: string
  /** The command of `run` that matters, where much is done around it: what a person is shown of it when it fails. Never holds a secret. */
  readonly command?: string
  /** What `run` finds on its standard input. May hold secrets: it is never printed. */
  readonly input?: string | Uint8Array
  /** A file of the controller streamed to `run`'s standard input, with its length in bytes. */
  readonly upload?: Upload
  /** Seconds without an end after which the step counts as lost. Default 300. */
  readonly deadline?: number
  /**
   * What it does, for a saved plan to know it by, where its text or input differ each time and mean the same (a salted
   * hash). May hold secrets: it is never printed.
   */
  readonly meaning?: string
}

/** A difference as people see it; of secret values it only says that they differ. */
export interface Change {
  readonly key: string
  readonly from: string | null
  readonly to: string | null
}

export type Action = 'keep' | 'create' | 'update' | 'remove' | 'blocked'

export interface Plan {
  readonly id: string
  readonly action: Action
  readonly changes: readonly Change[]
  readonly steps: readonly Step[]
  /** Why nothing can be done about it: only with `blocked`. */
  readonly problems: readonly Problem[]
  /** What the operator should know and what stops nothing. */
  readonly warnings?: readonly Problem[]
  /**
   * Whether its steps take what serves away for a while: a restart. Plans that do are rolled, the others need not be.
   * `perhaps`: they do, and whether that is needed can't be known. Left out where its kind says nothing of it.
   */
  readonly disrupts?: boolean | 'perhaps'
  /** The lines of the resource's `detail`, where the engine has asked for them. */
  readonly detail?: readonly string[]
}

/** What a person wants to see of an update beyond its changes (the lines of a file). */
export interface Detail {
  /** Asked only where it differs, as far as it has not been asked before. */
  readonly probe: readonly Question[]
  /** What of that costs next to nothing where nothing differs: it is asked in the first look, which spares another. */
  readonly along?: readonly Question[]
  /** Pure. Lines of a unified diff, fit for a screen and without a secret. Of a thing that is not there all answers are empty. */
  lines(answers: Answers): readonly string[]
}

/** Its functions are called on it, or on a copy of it. */
export interface Resource {
  /** `kind:key`, unique on a machine. */
  readonly id: string
  readonly probe: readonly Question[]
  /** Of the desired state and inputs: what a process that reads this thing depends on. Never shown, never world-readable. */
  digest(): string
  /** Ids it stands on, which come before it where they are in the list at all: the owner of a file, what a unit runs with. */
  readonly needs?: readonly string[]
  /** The ids among these whose change it reacts to. */
  readonly inputs?: readonly string[]
  /** What its plan is made from: the answers as its kind reads them, null where nothing is there. May hold secrets. Pure. */
  found?(answers: Answers): State | null
  /** It must hold before anything after it in the list is touched: a requirement. */
  readonly guards?: boolean | undefined
  /** Shell to run before its first step, so that who reads it is known to have read something else: see `noted`. */
  readonly notes?: readonly string[]
  /** Words by which --tags finds it, beside the name of its play and its kind. */
  readonly tags?: readonly string[]
  readonly detail?: Detail | undefined
  /**
   * Pure. `pending` holds the ids of what changes before it: what is about to, earlier in the list, and what does so, or has
   * done so by now, in an earlier play of the run or for another host of the machine.
   */
  plan(answers: Answers, pending: ReadonlySet<string>): Plan
}

/** What a kind's `steps` gets to work with. */
export interface Diff<S extends State> {
  readonly actual: S | null
  readonly desired: Partial<S> | null
  /** The keys that differ; all desired ones when the thing is not there. */
  readonly changed: ReadonlySet<string>
  readonly answers: Answers
  /** Of its inputs, the ids of those that are about to change. */
  readonly due: ReadonlySet<string>
}

/** An object, or of a kind that a host has many things of, an instance of a class: so all of these share its functions. */
export interface Definition<S extends State> {
  readonly id: string
  readonly probe: readonly Question[]
  /** Answers to state; null when the thing is not there. */
  read(answers: Answers): S | null
  /** Its state as a saved plan remembers it, where parts of it move by themselves. Default: as it is read. */
  found?(actual: S): State
  /** What it should be; null when it should not be there. A key left out is left alone. */
  readonly desired: Partial<S> | null
  /** What is declared beyond that, where `desired` only says whether it holds: part of its digest. May hold secrets. */
  readonly declared?: string
  /** Ids that must stand before it where they are in the list at all: the owner of a file, its group. */
  readonly needs?: readonly string[]
  /** It must hold before anything after it in the list is touched. */
  readonly guards?: boolean
  /** Resources whose change this one reacts to (a unit and the files it runs with). */
  readonly inputs?: readonly Resource[]
  /** Values that are never shown, not even as digests: a digest of a weak password is a way to guess it. */
  secret?(key: string, value: string, actual: S | null): boolean
  /** Things that stand in the way, seen in the answers: they block the resource, and with it the run. */
  blocked?(answers: Answers, actual: S | null, pending: ReadonlySet<string>): readonly Problem[]
  /** What is against its steps where there are some, and against nothing else: it may be as declared all the same. They block it then. */
  barred?(answers: Answers, pending: ReadonlySet<string>): readonly Problem[]
  /** Things seen in the answers that the operator should know. */
  warn?(answers: Answers, actual: S | null): readonly Problem[]
  /** Changes beyond the state's own, from inputs that are about to change, or did so earlier in the run. */
  react?(pending: ReadonlySet<string>, actual: S | null, answers: Answers): readonly Change[]
  /** Whether these steps take what serves away for a while. */
  disrupts?(diff: Diff<S>): boolean | 'perhaps'
  readonly detail?: Detail
  steps(diff: Diff<S>): readonly Step[]
}

/** Its steps are made when somebody asks: of a site's plan people see the changes, and what is applied is planned anew. */
const withSteps = lazily<'steps', readonly Step[]>('steps')
const withDetail = lazily<'detail', readonly string[]>('detail')

/** The same plan with other steps, made when somebody asks. */
function stepped({ id, action, changes, problems, warnings, disrupts }: Plan, make: () => readonly Step[]): Plan {
  const plan = {
    id,
    action,
    changes,
    problems,
    ...(warnings && { warnings }),
    ...(disrupts !== undefined && { disrupts }),
  }
  return withSteps(plan, make)
}

/** The same plan with lines to it, made when somebody asks. */
export const detailed = (plan: Plan, lines: () => readonly string[]): Plan =>
  withDetail(
    stepped(plan, () => plan.steps),
    lines,
  )

/** The same resource, with notes that are left on the host before it is touched. */
export const noted = (one: Resource, notes: readonly string[]): Resource => ({
  ...one,
  notes: [...(one.notes ?? []), ...notes],
  plan(answers, pending) {
    const plan = one.plan(answers, pending)
    if (plan.action === 'keep') return plan
    return stepped(plan, () => {
      const [first, ...rest] = plan.steps
      return first ? [{ ...first, run: [...notes, first.run].join('\n') }, ...rest] : []
    })
  },
})

/** What most plans have of problems and warnings. */
const none: readonly Problem[] = []
const nothing: ReadonlySet<string> = new Set()
const noIds: readonly string[] = []
const noChanges: readonly Change[] = []
const noSteps: readonly Step[] = []

/**
 * The one way to make a resource: reads, compares and plans for every kind. Its functions are properties like all others, so
 * that a copy has them too, and shared: with closures of its own it would take twice the memory, and the lists of many
 * hosts wait for answers at a time.
 */
export function resource<S extends State>(definition: Definition<S>): Resource {
  const { id, probe, guards, detail, needs = noIds } = definition
  const inputs = definition.inputs?.map((input) => input.id)
  const made: Resource & Made = {
    id,
    probe,
    needs: inputs ? needs.concat(inputs) : needs,
    inputs: inputs ?? noIds,
    guards,
    detail,
    declared: new Declared(definition),
    found,
    digest,
    plan,
  }
  return made
}

interface Made {
  readonly declared: Pick<Declared<State>, 'found' | 'digest' | 'plan'>
}

function found(this: Made, answers: Answers): State | null {
  return this.declared.found(answers)
}

function digest(this: Made): string {
  return this.declared.digest()
}

function plan(this: Made, answers: Answers, pending: ReadonlySet<string>): Plan {
  return this.declared.plan(answers, pending)
}

/** A definition at work. Private, so that whoever prints a resource sees none of the secrets that it may have. */
class Declared<S extends State> {
  readonly #definition: Definition<S>
  /** Those of the desired state. */
  readonly #keys: readonly string[]
  #digest: string | undefined

  constructor(definition: Definition<S>) {
    this.#definition = definition
    this.#keys = definition.desired === null ? noIds : keysOf(definition.desired)
  }

  found(answers: Answers): State | null {
    const actual = this.#definition.read(answers)
    return actual && (this.#definition.found?.(actual) ?? actual)
  }

  /** Made when somebody asks: of a thousand hosts' resources only those that a unit runs with are ever asked. */
  digest(): string {
    this.#digest ??= digestOf(this.#definition, this.#keys)
    return this.#digest
  }

  plan(answers: Answers, pending: ReadonlySet<string>): Plan {
    const definition = this.#definition
    const { id, desired } = definition
    const actual = definition.read(answers)
    const changes = desired === null ? noChanges : difference(actual, definition, desired, this.#keys)
    const warnings = definition.warn?.(answers, actual) ?? none
    const problems = definition.blocked?.(answers, actual, pending) ?? none
    if (problems.length > 0) return { id, action: 'blocked', changes, steps: [], problems, warnings }
    const reactions = definition.react?.(pending, actual, answers) ?? noChanges
    const all = reactions.length > 0 ? changes.concat(reactions) : changes
    if (all.length === 0 && (actual === null) === (desired === null)) {
      return { id, action: 'keep', changes: noChanges, steps: noSteps, problems: none, warnings }
    }
    const against = definition.barred?.(answers, pending) ?? none
    if (against.length > 0) return { id, action: 'blocked', changes: all, steps: [], problems: against, warnings }
    const action = desired === null ? 'remove' : actual === null ? 'create' : 'update'
    // Now: `pending` goes on to grow with what comes after it in the list.
    const due = dueOf(definition, pending)
    const diff = (): Diff<S> => {
      const changed = new Set(all.map((change) => change.key))
      return { actual, desired, changed, answers, due }
    }
    const plan = { id, action, changes: all, problems: none, warnings } as const
    const disrupts = definition.disrupts?.(diff())
    return withSteps(disrupts === undefined ? plan : { ...plan, disrupts }, () => definition.steps(diff()))
  }
}

const digestOf = <S extends State>(
  { id, desired, inputs = [], declared }: Definition<S>,
  keys: readonly string[],
): string =>
  sha256(
    JSON.stringify([
      id,
      keys.map((key) => [key, desired?.[key]]),
      inputs.map((input) => input.digest()),
      ...(declared === undefined ? [] : [declared]),
    ]),
  )

const dueOf = <S extends State>({ inputs }: Definition<S>, pending: ReadonlySet<string>): ReadonlySet<string> =>
  inputs ? new Set(inputs.flatMap(({ id }) => (pending.has(id) ? [id] : []))) : nothing

/** So few keys are put in their order by hand: sort() would take more memory for them than all the rest of a resource. */
const few = 12

/** The keys of a state that say something, in their order. */
function keysOf(state: Partial<State>): readonly string[] {
  const all = Object.keys(state)
  const keys = all.every((key) => state[key] !== undefined) ? all : all.filter((key) => state[key] !== undefined)
  if (keys.length > few) return keys.sort()
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from] as string
    let at = from
    for (; at > 0 && key < (keys[at - 1] as string); at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

function difference<S extends State>(
  actual: S | null,
  definition: Definition<S>,
  desired: Partial<S>,
  keys: readonly string[],
): readonly Change[] {
  const shown = (key: string, value: string | undefined, instead: string): string | null =>
    value === undefined ? null : definition.secret?.(key, value, actual) ? instead : value
  // In two steps, so that the list that is kept has no room for more.
  const differing = actual === null ? keys : keys.filter((key) => actual[key] !== desired[key])
  return differing.map((key) => {
    const from = shown(key, actual?.[key], '***')
    return { key, from, to: shown(key, desired[key], from === '***' ? 'another ***' : '***') }
  })
}
