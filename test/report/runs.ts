/** Whole runs over fake hosts, as a reporter has them. */
import { type ExitCode, exitCode } from '../../lib/core/error.ts'
import { carryOut } from '../../lib/engine/perform.ts'
import type { Play } from '../../lib/engine/play.ts'
import type { Procedure } from '../../lib/engine/procedure.ts'
import { procedureCode } from '../../lib/engine/procedure-report.ts'
import type { Options } from '../../lib/engine/run.ts'
import type { Event, Result } from '../../lib/engine/world.ts'
import { type ProcedureRun, Recorder, type Run } from '../../lib/report/run.ts'
import { type FakeWorld, run } from '../../lib/testing.ts'
import { tester } from '../engine/valve.ts'

export interface Asked {
  readonly check?: boolean
  readonly seconds?: number
  readonly next?: string
  readonly signal?: AbortSignal
  readonly prune?: boolean
  readonly leftover?: Options['leftover']
  /** Hears everything that is told, with the world's time. */
  told?(event: Event, at: number): void
}

/** Runs a site and keeps what a report is made of. */
export async function recorded(plays: readonly Play[], world: FakeWorld, asked: Asked = {}): Promise<Run> {
  const { check = false, next = 'npx tsx playbooks/site.ts -i prod', signal, prune = false, leftover } = asked
  const recorder = new Recorder()
  const { result } = await run(plays, world, {
    check,
    prune,
    ...(leftover && { leftover }),
    ...(signal && { signal }),
    report(event) {
      recorder.add(event, world.seconds)
      asked.told?.(event, world.seconds)
    },
  })
  return reported(result, check, { events: recorder.events, next, seconds: asked.seconds ?? world.seconds })
}

/** Carries out a procedure and keeps what a report is made of. */
export async function performed(procedure: Procedure, world: FakeWorld, asked: Asked = {}): Promise<ProcedureRun> {
  const { check = false, next = 'npx tsx playbooks/drain.ts -i prod', signal = new AbortController().signal } = asked
  const recorder = new Recorder()
  const result = await carryOut(procedure, world, {
    check,
    identity: tester,
    signal,
    report(event) {
      recorder.add(event, world.seconds)
      asked.told?.(event, world.seconds)
    },
  })
  const code = procedureCode(result, check)
  const { id, started, warnings } = reported(nothing)
  const run = { id, started, warnings, result, check, code, next, playbook: 'playbooks/drain.ts' }
  return { ...run, events: recorder.events, seconds: world.seconds }
}

/** What came of a run, as a reporter has it. */
export const reported = (result: Result, check = false, more: Partial<Run> = {}): Run => ({
  result,
  events: [],
  id: '1a2b3c4d',
  check,
  code: codeOf(result, check),
  started: '2025-03-01T08:00:00.000Z',
  seconds: 12.34,
  playbook: 'playbooks/site.ts',
  next: 'npx tsx playbooks/site.ts -i prod',
  warnings: [],
  ...more,
})

/** A run that did not come to anything. */
export const nothing: Result = {
  hosts: [],
  plans: [],
  failures: [],
  leftovers: [],
  refused: new Map(),
  interrupted: false,
  unfinished: [],
}

function codeOf({ failures, interrupted, plans }: Result, check: boolean): ExitCode {
  if (interrupted) return exitCode.interrupted
  if (failures.length > 0)
    return failures.some(({ kind }) => kind === 'unreachable') ? exitCode.unreachable : exitCode.failed
  return check && plans.some((host) => host.plans.some(({ action }) => action !== 'keep'))
    ? exitCode.differs
    : exitCode.done
}
