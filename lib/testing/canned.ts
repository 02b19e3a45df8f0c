/** Answers that are at hand already, and the host they may come from. */
import type { Facts } from '../core/facts.ts'
import type { Answers, Question } from '../core/probe.ts'

/** An ordinary host: Debian 12 on amd64 with 4 GiB. Spread it to change a fact. */
export const plainFacts: Facts = {
  arch: 'amd64',
  os: 'debian',
  osVersion: '12',
  packageManager: 'apt',
  memory: 4096,
  systemd: 252,
  addresses: ['10.0.0.1'],
}

/** Answers by `reader:key`, as in `stat:/etc/hosts`; the empty answer, nothing there, for every other question. */
export type Canned = Readonly<Record<string, string>>

/** What a resource's `plan` takes, from canned answers. `canned({})` is an empty host. */
export const canned =
  (answers: Canned): Answers =>
  (question) =>
    answers[nameOf(question)] ?? ''

/** `reader:key`, by which a question is known in tests. */
export const nameOf = ({ reader, key }: Question): string => `${reader.name}:${key}`
