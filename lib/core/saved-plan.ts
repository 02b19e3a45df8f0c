/**
 * A plan as a file: what a review sees, and enough to tell whether the world is still the one it was made from. It holds
 * no secret and no command: what is done comes from the playbook again, and must be what stands here.
 *
 * Digests in it are keyed by the machine they speak of (see lib/engine/sealing.ts): one over a weak password would be a
 * way to guess it for whoever has the file.
 */
import * as v from 'valibot'
import { type Problem, usageError } from './error.ts'
import { sha256 } from './secret.ts'

/** Another number for another shape: an older Plinth must not misread it. */
const format = 1
const kind = 'plinth plan'

const text = v.string()
const texts = v.array(v.string())
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
const shown = v.nullable(v.string())

const item = v.strictObject({
  id: text,
  action: v.picklist(['create', 'update', 'remove']),
  changes: v.array(v.strictObject({ key: text, from: shown, to: shown })),
  steps: v.array(v.strictObject({ say: text, digest })),
  /** Of what is declared. */
  declared: digest,
  /** Of what was found, by key; null where nothing was there. */
  found: v.nullable(v.record(text, digest)),
})

const shape = v.strictObject({
  plinth: text,
  /** When it was made, in ISO 8601 and UTC. */
  made: text,
  playbook: text,
  selection: v.strictObject({
    inventory: texts,
    limit: v.nullable(v.string()),
    /** `@FILE` as given, of others the names alone. */
    extraVars: texts,
    prune: v.boolean(),
  }),
  hosts: v.array(
    v.strictObject({
      host: text,
      /** Tells whether the machine is still the same. */
      machine: digest,
      facts: v.strictObject({
        arch: text,
        os: text,
        osVersion: text,
        packageManager: v.picklist(['apt', 'dnf', 'none']),
        memory: v.number(),
        systemd: v.number(),
        addresses: texts,
      }),
    }),
  ),
  plays: v.array(
    v.strictObject({
      play: text,
      /** How its hosts are gone through. */
      how: text,
      hosts: v.array(
        v.strictObject({
          host: text,
          /** What is to be changed, in order. */
          items: v.array(item),
          /** What was right already: ids, with the digest of what is declared. */
          kept: v.record(text, digest),
        }),
      ),
    }),
  ),
})

export type SavedPlan = v.InferOutput<typeof shape>
export type Selection = SavedPlan['selection']
export type SavedPlay = SavedPlan['plays'][number]
export type SavedHost = SavedPlay['hosts'][number]
export type SavedItem = SavedHost['items'][number]
export type SavedMachine = SavedPlan['hosts'][number]

/** The text of the file. The digest over it is against accidents: what could be forged in it is compared with the machines. */
export const savedPlanText = (plan: SavedPlan): string =>
  `${JSON.stringify({ kind, format, digest: sha256(JSON.stringify(plan)), ...plan }, null, 1)}\n`

/**
 * Reads a plan. `where` is the file's name, `version` that of this Plinth. Throws a usage error for a file that is cut, damaged or edited,
 * none of Plinth's, or another version's: other code might do something else for the same plan.
 */
export function readSavedPlan(where: string, content: string, version: string): SavedPlan {
  const refuse = (what: string, remedy = 'make a new plan with --plan-out'): never => {
    throw usageError({ where, what, remedy } satisfies Problem)
  }
  let found: unknown
  try {
    found = JSON.parse(content)
  } catch {
    return refuse('no plan, or one that is cut or damaged')
  }
  if (!isPlan(found)) return refuse('no plan of Plinth', 'name a file that --plan-out wrote')
  const { kind: _, format: written, digest, ...rest } = found
  if (written !== format)
    return refuse(`a plan of another Plinth (format ${String(written)}, this one reads ${format})`)
  if (digest !== sha256(JSON.stringify(rest))) return refuse('damaged or edited since it was written')
  if (rest.plinth !== version) return refuse(`made by Plinth ${String(rest.plinth)}, and this is ${version}`)
  const checked = v.safeParse(shape, rest)
  return checked.success ? checked.output : refuse('no plan of Plinth', 'name a file that --plan-out wrote')
}

/** Whether a text begins as each plan does, whichever Plinth wrote it: a file that begins so may be replaced by a new plan. */
export const beginsAsPlan = (text: string): boolean => /^\s*\{\s*"kind"\s*:\s*"plinth plan"/.test(text)

const isPlan = (found: unknown): found is Record<string, unknown> =>
  typeof found === 'object' && found !== null && 'kind' in found && found.kind === kind
