import { usageError } from '../core/error.ts'
import { checkNames } from '../core/known-names.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Change, type Resource, resource, type Step } from '../core/resource.ts'
import { Script, sh } from '../core/script.ts'
import { kindOf, Secret, sha256 } from '../core/secret.ts'
import { checkResources, mistake, shown } from '../core/told.ts'
import { unit as unitReader } from '../readers.ts'
import { file } from './file.ts'
import { readStat } from './path.ts'
import { hasRead, mayHaveReadOther, neverRead, notedInputs, type Properties } from './process-start.ts'
import { checkName, inputOf, isPlainFile, leavesNote, plainFile, staleFile, unitFile } from './unit-input.ts'

interface UnitState {
  readonly [key: string]: string
  readonly load: string
  readonly enabled: string
  readonly active: string
  /** The digest of the inputs the running process was started with. */
  readonly inputs: string
  readonly reload: string
  /** Whether an input was touched since the process started, that it may have read; in words for the plan. */
  readonly stale: string
  /** Why it need not be started anew for a note that inputs were touched; `no` where that may be needed, or there is none. */
  readonly spared: string
}

export interface UnitOptions {
  /** Text of the unit file. It must read the environment file: `EnvironmentFile=` and `environmentFile(name)`. */
  readonly definition: string
  /** What the process reads when it starts, each an `inputOf` it: a change of any of them restarts it. */
  readonly runs: readonly Resource[]
  /** Seconds after its start within which the process has read all that. Default 120. */
  readonly settles?: number
}

/** Where the digest of a unit's inputs is kept: readable for root alone, for a digest over a weak password is a way to guess it. */
export const environmentFile = (name: string): string => `/etc/plinth/${name}.env`

/**
 * Of the last start that was ours: which it was, where all inputs were as declared, and with which digest. For root
 * alone, like the environment file.
 */
export const startedFile = (name: string): string => `/etc/plinth/${name}.started`

/** The question that `readUnit` reads its answer from. */
export const unitQuestion = (name: string): Question => ({ reader: unitReader, key: `${name}.service` })

/** What systemd, the running process and our notes say of a service, by name. */
const propertiesOf = (answers: Answers, name: string): Properties =>
  new Map(
    answers(unitQuestion(name))
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

/**
 * The state of a service; `load` is `not-found` where there is none.
 * @param settles seconds after its start within which the process has read its inputs; for ever, unless given
 * @param changed when each of its inputs was changed last
 */
export function readUnit(
  answers: Answers,
  name: string,
  settles = Number.POSITIVE_INFINITY,
  changed: () => readonly number[] = () => [Number.NaN],
): UnitState {
  const found = propertiesOf(answers, name)
  const active = found.get('ActiveState') ?? ''
  const reload = found.get('NeedDaemonReload') ?? 'no'
  const touched = found.get('Stale')?.trim().split(' ')
  const spared = touched?.every((before) => neverRead(found, Number(before.replace(/u$/, '')), settles))
    ? 'the running process has never read what was changed back'
    : // Not where its own file was touched: it may have been started before systemd read that.
      reload === 'no' && touched?.every((before) => /^\d+$/.test(before)) && hasRead(found, changed())
      ? 'the running process was started after its inputs were touched last'
      : 'no'
  return {
    load: found.get('LoadState') ?? 'not-found',
    enabled: found.get('UnitFileState') ?? '',
    // While it reads its configuration anew a service serves.
    active: active === 'reloading' || active === 'refreshing' ? 'active' : active,
    inputs: found.get('PLINTH_INPUTS') ?? notedInputs(found),
    reload,
    stale: touched && spared === 'no' ? 'yes, an input was touched and no start of ours came after that' : 'no',
    spared,
  }
}

/**
 * A systemd service: its file, enabled, running, and running with the inputs that are declared now. "Restart needed" is
 * read from the process itself, or from our note of its very start, so that no run which was killed before the restart can lose it.
 * The folder of `environmentFile` must be declared earlier in the list, and what it runs through `inputOf`.
 * `name`: without `.service`. Throws a usage error for a definition that does not read the environment file: what was started
 * would never say what it has read, and each run would restart it. Likewise for one that can't be enabled or stay active, and
 * for what it runs that is no `inputOf` it.
 */
export function unit(name: string, options: UnitOptions): readonly Resource[] {
  checkUnit(name, options)
  const { definition, runs, settles = 120 } = options
  const root = { owner: 'root', group: 'root' }
  const ownFile = inputOf(name, file(unitFile(name), { content: definition, ...root, mode: '0644' }))
  const inputs = [...runs, ownFile]
  const digest = sha256(inputs.map((input) => input.digest()).join('\n'))
  const environment = file(environmentFile(name), {
    content: new Secret(`PLINTH_INPUTS=${digest}\n`),
    ...root,
    mode: '0600',
  })
  return [ownFile, environment, service(name, { ownFile, environment, inputs, digest, settles })]
}

/** The value of each such setting: other files may be read beside ours; a `-` before it lets it be missing, `%` is a specifier. */
const environmentFiles = /^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(.*?)[ \t]*$/gm
/** With a specifier in it; elsewhere the reader `unit` looks for no file of ours. */
const mayBeOwn = /^(?:\/etc\/plinth\/.*%|%E\/plinth\/)/
const types = /^[ \t]*Type[ \t]*=[ \t]*(.*?)[ \t]*$/gm
const remains = /^[ \t]*RemainAfterExit[ \t]*=[ \t]*(.*?)[ \t]*$/gm
/** What of [Install] makes `systemctl enable` leave something behind. */
const enablable = /^[ \t]*(?:WantedBy|RequiredBy|UpheldBy|Alias)[ \t]*=[ \t]*\S/m

const required = ['definition', 'runs']
const possible = ['settles']

function checkUnit(name: string, options: UnitOptions): void {
  checkName(unit, name)
  const where = `unit:${name}`
  checkNames(where, options, required, possible)
  const { definition, runs, settles } = options
  checkResources(unit, 'runs of unit', name, runs)
  for (const [index, input] of runs.entries()) {
    if (leavesNote(name, input)) continue
    const what = `place ${index + 1} of runs of unit ${name}, ${input.id}, leaves no note when it is touched`
    throw mistake(unit, what, `make it inputOf('${name}', …) where it is made, and list that`)
  }
  if (settles !== undefined && !(typeof settles === 'number' && settles >= 0))
    throw mistake(
      unit,
      `settles of unit ${name} is ${shown(settles)}`,
      'give seconds, a number, 0 for what has read all when it runs',
    )
  if (typeof definition !== 'string')
    throw usageError({
      where,
      what: `definition is ${kindOf(definition)}`,
      remedy: 'give a text; everybody may read it',
    })
  if (name.endsWith('.service')) {
    const remedy = `name it ${name.slice(0, -'.service'.length)}`
    throw usageError({ where, what: 'it would be NAME.service.service', remedy })
  }
  checkDefinition(name, definition)
}

/** Throws a usage error for a definition of which no run could say in the end that its service is as declared. */
function checkDefinition(name: string, definition: string): void {
  const refused = (what: string, remedy: string) => usageError({ where: `unit:${name}`, what, remedy })
  const own = environmentFile(name)
  if (![...definition.matchAll(environmentFiles)].some(([, path = '']) => path === own || mayBeOwn.test(path))) {
    const what = 'its definition does not read the file that tells what it was started with'
    throw refused(what, `add below [Service]: EnvironmentFile=${own}`)
  }
  const last = (setting: RegExp): string => [...definition.matchAll(setting)].at(-1)?.[1] ?? ''
  if (last(types) === 'oneshot' && !/^(?:1|yes|y|true|t|on)$/i.test(last(remains))) {
    const what = 'its process ends, and the service with it: it would never be found active'
    throw refused(what, 'add below [Service]: RemainAfterExit=yes')
  }
  if (!enablable.test(definition)) {
    const what = "its definition does not say with what it starts, so that it can't be enabled"
    throw refused(what, 'add at its end: [Install] and, below it, WantedBy=multi-user.target')
  }
}

interface Parts {
  readonly ownFile: Resource
  readonly environment: Resource
  readonly inputs: readonly Resource[]
  readonly digest: string
  readonly settles: number
}

function service(name: string, { ownFile, environment, inputs, digest, settles }: Parts): Resource {
  const id = `unit:${name}`
  const files = inputs.filter(isPlainFile)
  /** The inputs of which it may have read what a person has put back since, without a trace in the digest or a note. */
  const unnoticed = (answers: Answers): readonly Resource[] => {
    const properties = propertiesOf(answers, name)
    return files.filter((input) => mayHaveReadOther(properties, changeOf(answers, input)))
  }
  return resource<UnitState>({
    id,
    needs: [environment.id],
    // Of all of them: where they are in another list, nobody else asks.
    probe: [unitQuestion(name), ...inputs.flatMap((input) => input.probe)],
    inputs,
    read(answers) {
      const state = readUnit(answers, name, settles, () => inputs.map((input) => changeOf(answers, input)))
      return state.load === 'not-found' ? null : state
    },
    // What fails and is started again goes from one state to the next by itself.
    found: ({ active, inputs, ...rest }) =>
      active === 'active' ? { ...rest, active, inputs } : { ...rest, active: 'not active' },
    desired: { load: 'loaded', enabled: 'enabled', active: 'active', inputs: digest, reload: 'no', stale: 'no' },
    secret: (key) => key === 'inputs',
    react(pending, actual, answers): readonly Change[] {
      if (actual?.active !== 'active') return []
      // For another host of the machine, or in an earlier play, this run has started it already: there is no note any more
      // of what was touched before that.
      const started = pending.has(id) && actual.stale === 'no'
      const over = (input: Resource): boolean => started && input.plan(answers, new Set()).action === 'keep'
      const due = inputs.filter((input) => pending.has(input.id) && !over(input))
      if (due.length === 0) {
        if (actual.inputs !== digest || actual.stale !== 'no') return []
        if (actual.spared !== 'no') return [{ key: noRestart, from: null, to: actual.spared }]
        const unsure = unnoticed(answers)
        const other = `${namesOf(unsure)} changed after a start that was not Plinth's`
        const unknown = `${other}: whether it has read what is there now can't be known`
        return unsure.length === 0 ? [] : [{ key: 'restart', from: null, to: unknown }]
      }
      const restart = `because of ${namesOf(due)}`
      if (actual.inputs !== digest || actual.stale !== 'no') return [{ key: 'restart', from: null, to: restart }]
      // The process was started with what is declared: an input that is changed back concerns it only if it was read.
      const properties = propertiesOf(answers, name)
      const doubtful = due.filter((input) => {
        const { action } = input.plan(answers, new Set())
        // Changed back by now, in an earlier play or for another host of the machine: the note knows when it was edited.
        if (action === 'keep') return actual.spared === 'no'
        return action !== 'update' || !neverRead(properties, changeOf(answers, input), settles)
      })
      if (doubtful.length === 0) {
        const never = `the running process has never read what changes back: ${namesOf(due)}`
        return [{ key: noRestart, from: null, to: never }]
      }
      const read = doubtful.length < due.length ? namesOf(doubtful) : due.length === 1 ? 'it' : 'them'
      const why = `${restart}; whether the running process has read ${read} can't be known`
      return [{ key: 'restart', from: null, to: why }]
    },
    disrupts: ({ actual, changed }) =>
      actual?.active === 'active' &&
      restarts(changed) &&
      // Where it alone is the reason, what the process has read is not known.
      (changed.has('inputs') || changed.has('stale') || 'perhaps'),
    steps({ actual, changed, due, answers }) {
      // What another run's tags leave as it is, is not what is declared: such a start tells nothing of what was read.
      const right = files.every((input) => due.has(input.id) || input.plan(answers, new Set()).action === 'keep')
      // Put back with its old time it is what systemd has not read again, and takes for what it has read.
      const fileChanges = due.has(ownFile.id) || unnoticed(answers).includes(ownFile)
      return serviceSteps(name, actual, changed, fileChanges, right)
    },
  })
}

/** When an input was changed last, in seconds since 1970; NaN where that can't be known. */
function changeOf(answers: Answers, input: Resource): number {
  const path = plainFile(input)
  const found = path === undefined ? null : readStat(answers, path)
  return found?.type === 'file' ? found.changed : Number.NaN
}

const namesOf = (resources: readonly Resource[]): string => resources.map(({ id }) => id).join(', ')

/** The change of a unit whose inputs change back behind a process that has never read them. */
const noRestart = 'no restart'

/** Whether a process that runs has to be started anew. */
const restarts = (changed: ReadonlySet<string>): boolean =>
  changed.has('inputs') || changed.has('stale') || changed.has('restart')

function serviceSteps(
  name: string,
  actual: UnitState | null,
  changed: ReadonlySet<string>,
  fileChanges: boolean,
  inputsAreRight: boolean,
): readonly Step[] {
  const service = `${name}.service`
  const masked = actual?.load === 'masked' || actual?.enabled.startsWith('masked') === true
  const running = actual?.active === 'active'
  const steps: Step[] = []
  if (masked) {
    const until = actual?.enabled === 'masked-runtime' ? ['--runtime'] : []
    steps.push({ say: `unmask ${service}`, run: sh`systemctl unmask ${['-q', ...until]} -- ${service}`.text })
  }
  const reload = masked || fileChanges || actual === null || changed.has('reload') || changed.has('load')
  if (changed.has('enabled')) {
    // It would have systemd read all its units anew, which is the dearest thing here, once more for nothing.
    const once = reload ? ['--no-reload'] : []
    steps.push({ say: `enable ${service}`, run: sh`systemctl enable ${['-q', ...once]} -- ${service}`.text })
  }
  if (reload) steps.push({ say: 'reload systemd', run: 'systemctl daemon-reload' })
  if (!running || restarts(changed)) {
    steps.push(start(name, running ? 'restart' : 'start', inputsAreRight))
  } else if (changed.has(noRestart)) {
    steps.push({ say: `take back the note that ${service} needs a restart`, run: sh`rm -f -- ${staleFile(name)}`.text })
  }
  return steps
}

/**
 * A unit of `Type=simple`, which a file has that names none, counts as started while its process is still systemd's own:
 * what is read again at once would be a failure. So the program is waited for, some seconds at the most. What it was
 * started with is noted too: a program that sets its title writes over its environment, and `env -i` clears it.
 * `known`: what the process reads is what is declared.
 */
const start = (name: string, verb: 'start' | 'restart', known: boolean): Step => ({
  say: `${verb} ${name}.service`,
  command: sh`systemctl restart -- ${`${name}.service`}`.text,
  deadline: 180,
  run: sh`systemctl reset-failed -- ${`${name}.service`} 2>/dev/null || :
systemctl restart -- ${`${name}.service`}
p=0 started= inputs= n=0
for l in $(systemctl show -p MainPID -p InvocationID -- ${`${name}.service`}); do
  case $l in MainPID=*) p=${new Script('${l#MainPID=}')} ;; *) started=$l ;; esac
done
while [ "$n" -lt 50 ] && { [ "/proc/$p/exe" -ef /proc/1/exe ] || [ "/proc/$p/exe" -ef /usr/lib/systemd/systemd-executor ]; }; do
  n=$((n + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
read -r inputs <${environmentFile(name)} || :
umask 077
rm -f -- ${startedFile(name)}
{
  ${new Script(known ? 'echo "$started"' : ':')}
  echo "Inputs=${new Script('${started#InvocationID=} ${inputs#PLINTH_INPUTS=}')}"
} >${startedFile(name)} || exit 1
rm -f -- ${staleFile(name)}`.text,
})

/** Starts a service, anew where it runs: it has read all its inputs then, whatever they are. */
export const startUnit = (name: string): Step => start(name, 'start', false)

/** Stops a service until somebody starts it; it stays enabled. */
export const stopUnit = (name: string): Step => ({
  say: `stop ${name}.service`,
  deadline: 180,
  run: sh`systemctl stop -- ${`${name}.service`}`.text,
})
