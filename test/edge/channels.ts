/** What the tests of channels have in common. */
import { createHash } from 'node:crypto'
import type { Channel, Done } from '../../lib/core/channel.ts'
import { PlinthError } from '../../lib/core/error.ts'
import type { Question, Reader } from '../../lib/core/probe.ts'
import type { Step } from '../../lib/core/resource.ts'

export const step = (run: string, more: Partial<Step> = {}): Step => ({ say: run, run, ...more })

export async function all(channel: Channel, ...steps: Step[]): Promise<Done[]> {
  const done: Done[] = []
  for await (const one of channel.act(steps)) done.push(one)
  return done
}

export const only = async (channel: Channel, one: Step): Promise<Done> => (await all(channel, one))[0]!

const echo: Reader = (keys) => keys.map((key) => `printf '%s\\t%s\\n' '${key}' 'ä漢 ${key}'`).join('\n')

/** A question whose answer is `ä漢 KEY`. */
export const question = (key: string): Question => ({ reader: echo, key })

/** The PlinthError a promise fails with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<PlinthError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof PlinthError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** Waits for something without a word to wait for. */
export async function eventually(holds: () => boolean, seconds = 60): Promise<void> {
  // A test that has failed meanwhile must not go on looking, or its process would never end.
  const end = performance.now() + seconds * 1000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
