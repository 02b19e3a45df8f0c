/** Free text by how the inventory gives it: what it keeps elsewhere, or encrypted, is a secret, whatever it is for. */
import * as v from 'valibot'
import { LocatedScalar } from '../lib/core/located.ts'
import { refused, type Schema, secret, text } from '../lib/core/schema.ts'
import { Secret } from '../lib/core/secret.ts'

/** Whether it is given by `!vault`, `!env`, `!file` or `!command`, in an encrypted file, or as a Secret of a program. */
const isKeptElsewhere = (input: unknown): boolean =>
  input instanceof Secret || (input instanceof LocatedScalar && input.hidden)

const either = <T>(expected: string, elsewhere: Schema<T>) =>
  v.pipe(
    v.unknown(),
    v.metadata({ type: ['string', 'number', 'boolean'], description: expected }),
    v.rawTransform<unknown, string | T>(({ dataset, addIssue, NEVER }) => {
      const result = v.safeParse(isKeptElsewhere(dataset.value) ? elsewhere : text(), dataset.value)
      if (result.success) return result.output
      for (const { message } of result.issues) addIssue({ message })
      return NEVER
    }),
  )

/** Text that plans show, and a Secret where it is kept elsewhere: for settings whose names others choose. */
export const textOrSecret = () => either<Secret>('text, or a secret', secret())

/** Text that everybody on a host may read: one that is kept elsewhere is refused with this sentence and remedy. */
export const openText = (what: string, remedy: string) => either<never>('text', refused(what, remedy))
