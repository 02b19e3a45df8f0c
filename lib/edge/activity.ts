/** What is under way on the hosts, and what is said of it while it lasts. Knows no clock: every call is told the time. */
import { padded, span } from '../core/display.ts'

interface Upload {
  /** Bytes that were there before, and when the rest was begun, in seconds. */
  readonly from: number
  readonly since: number
  readonly sent: number
  readonly of: number
}

/** A step in hand on one host. Times in seconds since some fixed point. */
export interface Task {
  readonly host: string
  readonly say: string
  readonly since: number
  /** When it last gave a sign of life: its start, or a byte of an upload that left. */
  readonly sign: number
  readonly upload?: Upload
}

/** Seconds of silence after which a line is due where there is no live one; and between two lines about an upload. */
const silence = 30
const uploadSilence = 10
/** Seconds without a byte after which an upload is said to stand still. */
const standstill = 5

const megabytes = (bytes: number): number => Math.floor(bytes / 1e6)

/** How far an upload is: `12 of 126 MB, 3.1 MB/s, 37 s left`. `now` in seconds, `sign` when the last byte left. */
export function uploadText({ from, since, sent, of }: Upload, sign: number, now: number): string {
  const rate = sign - since >= 1 ? (sent - from) / (sign - since) : 0
  return [
    `${megabytes(sent)} of ${megabytes(of)} MB`,
    ...(from > 0 ? [`${megabytes(from)} MB were there already`] : []),
    ...(now - sign >= standstill
      ? [sent === of ? `all sent, being checked for ${span(now - sign)}` : `nothing for ${span(now - sign)}`]
      : rate > 0
        ? [`${(rate / 1e6).toFixed(1)} MB/s`, `${span((of - sent) / rate)} left`]
        : []),
  ].join(', ')
}

/** One step as it is now: what it does, and for how long, or how far it is. */
export function taskText({ host, say, since, sign, upload }: Task, now: number): string {
  const how = upload ? `: ${uploadText(upload, sign, now)}` : ` … ${span(now - since)}`
  return `  ${padded(host, 12)} ${say}${how}`
}

/** The one line for all that is under way: the step that has been silent longest, and how many more there are. */
export function activityText(tasks: readonly Task[], now: number): string {
  const [first, ...more] = [...tasks].sort((a, b) => a.sign - b.sign)
  if (!first) return ''
  return `${taskText(first, now)}${more.length > 0 ? ` (and ${more.length} more at work)` : ''}`
}

/** What a run says that does not wait for the steps in hand. Each of them was told to its host as a whole. */
export function stoppedText(tasks: readonly Task[], next: string): string {
  const steps = tasks.map(({ host, say }) => `"${say}" on ${host}`).join(', ')
  const left =
    tasks.length === 0
      ? ''
      : `: what was under way ends there by itself, as a whole or not at all, and holds the lock until then (${steps})`
  return `Stopped at once${left}. Go on with: ${next}`
}

/** The steps in hand, by host. */
export class Activity {
  readonly #tasks = new Map<string, Task>()
  /** When the last word about a host was said. */
  readonly #said = new Map<string, number>()

  get tasks(): readonly Task[] {
    return [...this.#tasks.values()]
  }

  begin(host: string, say: string, now: number): void {
    // A command that was typed may have several lines.
    this.#tasks.set(host, { host, say: say.replace(/\s+/g, ' '), since: now, sign: now })
    this.#said.set(host, now)
  }

  /** `sent` of so many bytes are there, or on their way. */
  sent(host: string, sent: number, of: number, now: number): void {
    const task = this.#tasks.get(host)
    if (!task) return
    // An upload that is begun anew counts from its beginning.
    const before = task.upload && sent >= task.upload.sent ? task.upload : { from: sent, since: now }
    this.#tasks.set(host, { ...task, sign: now, upload: { from: before.from, since: before.since, sent, of } })
  }

  end(host: string): void {
    this.#tasks.delete(host)
  }

  /** The lines that are due where no live line can be shown: for each step that nothing was said of for long. */
  due(now: number): readonly string[] {
    const due = this.tasks.filter(
      ({ host, upload }) => now - (this.#said.get(host) ?? 0) >= (upload ? uploadSilence : silence),
    )
    for (const { host } of due) this.#said.set(host, now)
    return due.map((task) => taskText(task, now))
  }
}
