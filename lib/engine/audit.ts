/** What the audit log of a machine says of a run that changed something there: one line before, one after. Pure. */
import type { Plan } from '../core/resource.ts'
import { sha256 } from '../core/secret.ts'
import type { Assignment } from './assignment.ts'
import { isKeep } from './failures.ts'
import type { Identity } from './run.ts'
import type { Failure } from './world.ts'

/** So many resources are named; of more it is said how many. */
const named = 40

/** Of what the plan shows and does, without a secret: two plans that read the same have the same. 12 hex digits. */
export const planDigest = (plans: readonly Plan[]): string =>
  sha256(
    JSON.stringify(
      plans
        .filter((plan) => !isKeep(plan))
        .map(({ id, action, changes, steps }) => [id, action, changes, steps.map(({ say }) => say)]),
    ),
  ).slice(0, 12)

/** Who runs what, from where. */
export const whoText = ({ id, user, from, pid, site }: Identity): string =>
  `run=${id} by=${user}@${from} pid=${pid} site=${site}`

const who = (identity: Identity, { play, host }: Assignment): string =>
  `${whoText(identity)} play=${quoted(play.name)} host=${host.name}`

const quoted = (text: string): string => (/^\S+$/.test(text) ? text : JSON.stringify(text))

const listed = (items: readonly string[]): string =>
  `${items.slice(0, named).join(', ')}${items.length > named ? ` and ${items.length - named} more` : ''}`

/** Before the first step: what is going to be changed. */
export function beginLine(identity: Identity, assignment: Assignment, plans: readonly Plan[]): string {
  const changing = plans.filter((plan) => !isKeep(plan)).map(({ action, id }) => `${action} ${id}`)
  return `${who(identity, assignment)} plan=${planDigest(plans)} begin: ${listed(changing)}`
}

/** What the site has noted on a machine from now on (`claims`), or no longer (`forgets`). */
export const receiptLine = (
  identity: Identity,
  host: string,
  verb: 'claims' | 'forgets',
  ids: readonly string[],
): string => `${whoText(identity)} host=${host} ${verb}: ${listed([...new Set(ids)])}`

/** After the last step: what it came to. `failure` is that of this host in this play, if there is one. */
export function endLine(
  identity: Identity,
  assignment: Assignment,
  plans: readonly Plan[],
  came: { readonly failure: Failure | undefined; readonly interrupted: boolean; readonly refused: ReadonlySet<string> },
): string {
  const { failure, interrupted, refused } = came
  const without = plans.filter((plan) => !isKeep(plan) && refused.has(plan.id)).map(({ id }) => id)
  const at = failure?.step ? ` at "${failure.step.say}" (exit code ${failure.step.code ?? 'unknown'})` : ''
  const outcome = failure ? `${failure.kind}${at}` : interrupted ? 'interrupted' : 'ok'
  return `${who(identity, assignment)} plan=${planDigest(plans)} end: ${outcome}${without.length > 0 ? ` without ${without.join(', ')}` : ''}`
}

/** What an action of a procedure is about to do on a host (`begin: …`), or what it came to there (`end: …`). */
export const actionLine = (identity: Identity, procedure: string, action: string, host: string, what: string): string =>
  `${whoText(identity)} procedure=${quoted(procedure)} action=${quoted(action)} host=${host} ${what.replaceAll('\n', ' ')}`
