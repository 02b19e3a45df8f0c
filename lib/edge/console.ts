/** The terminal: result to stdout, progress to stderr; colour and the live line only where a person looks. */
import { performance } from 'node:perf_hooks'
import { count, cut, padded } from '../core/display.ts'
import type { Problem } from '../core/error.ts'
import { visible } from '../core/visible.ts'
import { foundText } from '../engine/procedure-report.ts'
import type { Line, Tone } from '../engine/report.ts'
import { failureLines, hostsText, leftoverLines, planText, problemLines, warningLines } from '../engine/report.ts'
import { prerequisiteLines, restartLines } from '../engine/unselected.ts'
import type { Event } from '../engine/world.ts'
import { Activity, activityText, stoppedText } from './activity.ts'
import { drawable, type OpenQuestion, type TerminalAsker } from './terminal.ts'

const codes: Readonly<Record<Tone, string>> = {
  plain: '',
  head: '\x1b[1m',
  good: '\x1b[32m',
  change: '\x1b[33m',
  bad: '\x1b[31m',
  faint: '\x1b[2m',
}

const coloured = (stream: NodeJS.WriteStream): boolean => drawable(stream) && !process.env.NO_COLOR

const write = (stream: NodeJS.WriteStream, lines: readonly Line[]): void => {
  // What hosts, files and inventories say must not steer the terminal.
  const paint = ({ tone, text }: Line): string =>
    coloured(stream) && codes[tone] ? `${codes[tone]}${visible(text)}\x1b[0m` : visible(text)
  stream.write(lines.map((line) => `${paint(line)}\n`).join(''))
}

export interface Console {
  report(event: Event): void
  /** Lines of the result. */
  result(lines: readonly Line[]): void
  progress(text: string): void
  warn(problems: readonly Problem[]): void
  /** A host is at something, has printed lines of it, and has ended it: errands, which have no steps to report. */
  begun(host: string, say: string): void
  /** @param columns of the widest host's name */
  said(host: string, columns: number, stream: 'stdout' | 'stderr', lines: readonly string[]): void
  ended(host: string, problems: readonly Problem[]): void
  /** The run ends here and now: what is under way is named, and the command to go on with. */
  stopped(next: string): void
  end(): void
}

/** Seconds between two lines about the same wait when no live line is possible. */
const reminder = 15

export interface ConsoleOptions {
  /** Keeps stdout free for the document. */
  readonly json: boolean
  readonly check: boolean
  /** From 1 on the plan also says what new things will be like. */
  readonly verbosity: number
  /** Whether the plan shows all lines of a file that change. */
  readonly diff: boolean
}

/**
 * The one place that writes to the terminal, beside a question to a person: while one is open nothing is drawn over it, and lines come above it.
 * @param questions who asks; null where nobody does
 */
export function openConsole(
  { json, check, verbosity, diff }: ConsoleOptions,
  questions: Pick<TerminalAsker, 'heededBy'> | null,
): Console {
  const out = process.stdout
  const err = process.stderr
  const live = drawable(err)
  /** What the live line says; it is not drawn while a question is open. */
  let living: (() => string) | undefined
  let question: OpenQuestion | null = null
  let shown = false
  let timer: NodeJS.Timeout | undefined
  let waited = { text: '', at: 0 }
  const activity = new Activity()
  const now = (): number => performance.now() / 1000
  const lift = (): void => {
    clearInterval(timer)
    timer = undefined
    if (shown) err.write('\r\x1b[K')
    shown = false
  }
  const clear = (): void => {
    lift()
    living = undefined
  }
  const draw = (): void => {
    if (!living) return
    const width = err.columns || 80
    // Of two lines only the second would be drawn over, and a tab is of no known width.
    const line = visible(living()).replace(/[\n\t]+/g, ' ')
    err.write(`\r\x1b[K${cut(line, width - 1)}`)
    shown = true
  }
  const show = (): void => {
    if (!living || question) return
    draw()
    timer = setInterval(draw, 500)
    timer.unref()
  }
  const status = (text: (seconds: number) => string): void => {
    clear()
    if (!live) return
    const start = now()
    living = () => text(now() - start)
    show()
  }
  questions?.heededBy((open) => {
    if (live) lift()
    question = open
    if (live) show()
  })
  /** Lines for one of the two streams, which may be the same terminal. */
  const print = (stream: NodeJS.WriteStream, lines: readonly Line[]): void => {
    clear()
    if (lines.length === 0) return
    question?.lift()
    write(stream, lines)
    question?.put()
  }
  const say = (lines: readonly Line[]): void => {
    print(err, lines)
    work()
  }
  /** Nobody waits for an answer any more: what follows comes below the question. */
  const end = (): void => {
    clear()
    question?.leave()
    question = null
  }
  /** Shows what is under way, as long as something is: a line that is drawn again and again, or one now and then. */
  const work = (): void => {
    if (activity.tasks.length === 0) return
    if (live) status(() => activityText(activity.tasks, now()))
    else timer ??= setInterval(remind, 1000).unref()
  }
  const remind = (): void => {
    const due = activity.due(now())
    if (due.length > 0) say(due.map((text) => ({ tone: 'faint', text })))
  }
  const result = (lines: readonly Line[]): void => {
    print(out, json ? [] : lines)
  }
  /** Redrawn where a person looks; else a line when it is about something new, and one now and then. */
  const waiting = (what: string, seconds: number): void => {
    if (live) status(() => `  waiting ${seconds.toFixed(0)} s: ${what}`)
    if (live || (what === waited.text && seconds - waited.at < reminder)) return
    waited = { text: what, at: seconds }
    say([{ tone: 'faint', text: `  waiting ${seconds.toFixed(0)} s: ${what}` }])
  }
  const done = (host: string, what: string, seconds: number): Line => ({
    tone: 'plain',
    text: `  ${padded(host, 12)} ${what} (${seconds.toFixed(1)} s)`,
  })
  return {
    result,
    progress: (text) => say([{ tone: 'faint', text }]),
    warn: (problems) =>
      say(
        problemLines(
          problems.map((problem) => ({ ...problem, where: `warning: ${problem.where}` })),
          'change',
        ),
      ),
    begun(host, text) {
      activity.begin(host, text, now())
      work()
    },
    said(host, columns, stream, lines) {
      if (json) return
      const text = lines.map((line): Line => ({ tone: 'plain', text: `${padded(host, columns)} | ${line}` }))
      print(stream === 'stdout' ? out : err, text)
      work()
    },
    ended(host, problems) {
      activity.end(host)
      say(problemLines(problems, 'bad'))
    },
    stopped(next) {
      end()
      write(err, [{ tone: 'bad', text: stoppedText(activity.tasks, next) }])
    },
    end,
    report(event) {
      switch (event.kind) {
        case 'connecting':
          return status((seconds) => `reading ${count(event.machines, 'machine')} … ${seconds.toFixed(0)} s`)
        case 'planned': {
          const lines = planText(event.plans, { verbose: verbosity > 0, diff })
          say([...prerequisiteLines(event.plans), ...warningLines(event.plans), ...restartLines(event.plans)])
          if (lines.length > 0) result([{ tone: 'head', text: check ? 'What differs' : 'Plan' }, ...lines])
          return clear()
        }
        case 'leftovers':
          return result(leftoverLines(event.found, event.prune))
        case 'looked':
          return result([
            { tone: 'head', text: check ? 'What would be done' : 'What was found' },
            ...foundText(event.actions),
          ])
        case 'awaiting':
          return waiting(event.found, event.seconds)
        case 'acted':
          return say([{ tone: 'good', text: `  ${event.action.say} (${event.action.seconds.toFixed(1)} s)` }])
        case 'play': {
          const on = event.hosts.length > 0 ? ` on ${hostsText(event.hosts)}` : ''
          return say([{ tone: 'head', text: `${event.play}${on}` }])
        }
        case 'preparing':
          return status((seconds) => `  ${event.play}: testing what it stands on … ${seconds.toFixed(0)} s`)
        case 'step':
          activity.begin(event.host, event.step.say, now())
          return work()
        case 'sent':
          return activity.sent(event.host, event.sent, event.of, now())
        case 'done':
          activity.end(event.host)
          return event.ok ? say([done(event.host, event.step.say, event.seconds)]) : say([])
        case 'waiting': {
          const first = event.missing[0]
          const more = event.missing.length > 1 ? ` (and ${event.missing.length - 1} more)` : ''
          return waiting(`${event.gate}? ${first?.host}: ${first?.what}${more}`, event.seconds)
        }
        // A picture: for the page, and for who reads the stream.
        case 'topology':
          return
        case 'passed':
          return say([
            {
              tone: 'good',
              text: `  ${event.gate}: ${count(event.expected.length, 'host')} (${event.seconds.toFixed(1)} s)`,
            },
          ])
        case 'refused':
          return say(problemLines(event.problems, 'bad'))
        case 'warned':
          return say(
            problemLines(
              event.problems.map((problem) => ({ ...problem, where: `warning: ${problem.where}` })),
              'change',
            ),
          )
        case 'failed':
          activity.end(event.failure.host)
          return say(failureLines(event.failure, verbosity > 0))
      }
    },
  }
}
