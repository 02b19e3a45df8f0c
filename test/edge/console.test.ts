/** What the terminal shows while steps are in hand, with a clock and timers of the test's own. */
import { openConsole } from '../../lib/edge/console.ts'
import type { OpenQuestion } from '../../lib/edge/terminal.ts'
import type { Event } from '../../lib/engine/world.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/console')

const deed = (host: string, say: string) => ({ host, play: 'app', id: 'file:/f', step: { say, run: '' } })
const begin = (host: string, say: string): Event => ({ kind: 'step', ...deed(host, say) })
const done = (host: string, say: string, ok = true): Event => ({ kind: 'done', ...deed(host, say), seconds: 2, ok })

type At = (seconds: number, ...events: readonly Event[]) => string
/** Opens a question, or tells that it is over, and returns what is written then. */
type Ask = (open: boolean) => string

/** Runs `body` over a terminal of some kind, or none, that remembers what is written to stderr. */
function watch(live: boolean, body: (at: At, ask: Ask, end: () => string) => void, TERM = 'xterm'): void {
  const { stderr } = process
  const { setInterval, clearInterval } = globalThis
  const old = { write: stderr.write, isTTY: stderr.isTTY, now: performance.now, setInterval, clearInterval }
  const { TERM: oldTerm } = process.env
  let text = ''
  let seconds = 0
  let tick: () => void
  const idle = (): void => {}
  tick = idle
  stderr.write = (piece: string | Uint8Array): boolean => {
    text += piece
    return true
  }
  stderr.isTTY = live
  process.env.TERM = TERM
  performance.now = () => seconds * 1000
  globalThis.setInterval = ((call: () => void) => {
    tick = call
    return old.setInterval(() => {}, 1e9)
  }) as typeof setInterval
  globalThis.clearInterval = ((timer) => {
    tick = idle
    old.clearInterval(timer)
  }) as typeof clearInterval
  try {
    let tell = (_: OpenQuestion | null): void => {}
    const heededBy = (screen: typeof tell): void => {
      tell = screen
    }
    const screen = openConsole({ json: true, check: false, verbosity: 0, diff: false }, { heededBy })
    const written = (work: () => void): string => {
      text = ''
      work()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      return text.replace(/\r\x1b\[K/g, '|')
    }
    const question = {
      lift: () => void stderr.write('<'),
      put: () => void stderr.write('Code: >'),
      leave: () => void stderr.write('\n'),
    }
    body(
      (time, ...events) => {
        seconds = time
        return written(() => {
          for (const event of events) screen.report(event)
          if (events.length === 0) tick()
        })
      },
      (open) => written(() => tell(open ? question : null)),
      () => written(screen.end),
    )
    screen.end()
  } finally {
    stderr.write = old.write
    stderr.isTTY = old.isTTY
    if (oldTerm === undefined) delete process.env.TERM
    else process.env.TERM = oldTerm
    performance.now = old.now
    globalThis.setInterval = old.setInterval
    globalThis.clearInterval = old.clearInterval
  }
}

test('on a terminal one line lives: its age, who is silent longest, and what is done above it', () => {
  watch(true, (at) => {
    assert.is(at(0, begin('h1', 'restart app')), '|  h1           restart app … 0 s')
    assert.is(at(7), '|  h1           restart app … 7 s')
    assert.is(at(8, begin('h2', 'write f')), '||  h1           restart app … 8 s (and 1 more at work)')
    assert.is(at(10, done('h1', 'restart app')), '|  h1           restart app (2.0 s)\n|  h2           write f … 2 s')
    assert.is(at(11, done('h2', 'write f', false)), '|')
  })
})

test('a command of several lines lives on one', () => {
  for (const [live, seconds, shown] of [
    [true, 0, '|  h1           sleep 1 sleep 2 … 0 s'],
    [false, 30, '  h1           sleep 1 sleep 2 … 30 s\n'],
  ] as const)
    watch(live, (at) => {
      const begun = at(0, begin('h1', 'sleep 1\n\tsleep 2'))
      assert.is(live ? begun : at(seconds), shown)
    })
})

test('what is waited for is on one line too, and one machine is one', () => {
  watch(true, (at) => {
    const missing = [{ host: 'h1', what: 'not UP:\nconnection\trefused' }]
    assert.match(
      at(0, { kind: 'waiting', gate: 'up', missing, seconds: 1 } as never),
      /h1: not UP: connection refused$/,
    )
    assert.match(at(1, { kind: 'connecting', machines: 1 }), /reading 1 machine … 0 s$/)
    assert.match(at(2, { kind: 'connecting', machines: 2 }), /reading 2 machines … 0 s$/)
  })
})

test('on a terminal an upload shows how far it is', () => {
  watch(true, (at) => {
    at(0, begin('h1', 'send a'), { kind: 'sent', ...deed('h1', 'send a'), sent: 0, of: 50e6 })
    at(10, { kind: 'sent', ...deed('h1', 'send a'), sent: 20e6, of: 50e6 })
    assert.is(at(10), '|  h1           send a: 20 of 50 MB, 2.0 MB/s, 15 s left')
  })
})

test('a question that is open is not drawn over: lines come above it, and what lived lives on after the answer', () => {
  watch(true, (at, ask) => {
    at(0, { kind: 'connecting', machines: 2 })
    assert.is(ask(true), '|')
    assert.is(at(3), '')
    assert.is(ask(false), '|reading 2 machines … 3 s')
    assert.is(at(4), '|reading 2 machines … 4 s')
    at(5, begin('h1', 'restart app'))
    ask(true)
    assert.is(at(6, begin('h2', 'write f')), '')
    assert.is(at(7, done('h1', 'restart app')), '<  h1           restart app (2.0 s)\nCode: >')
    assert.is(at(8), '')
    assert.is(at(8, done('h2', 'write f', false)), '', 'nothing to say')
    assert.is(at(9, begin('h3', 'write g')), '')
    assert.is(ask(false), '|  h3           write g … 0 s')
  })
})

/** Where no line is drawn again and again: stderr is no terminal, or one that can't draw. */
const still = [
  [false, 'xterm'],
  [true, 'dumb'],
] as const

test('at the end of a run a question is left where it stands', () => {
  for (const [live, TERM] of [[true, 'xterm'], ...still] as const)
    watch(
      live,
      (at, ask, end) => {
        at(0, begin('h1', 'restart app'))
        ask(true)
        assert.is(end(), '\n')
        assert.is(at(1, done('h1', 'restart app')), '  h1           restart app (2.0 s)\n')
      },
      TERM,
    )
})

test('where no line lives one comes now and then, above a question, which may stand on another terminal', () => {
  for (const [live, TERM] of still)
    watch(
      live,
      (at, ask) => {
        assert.is(at(0, begin('h1', 'restart app')), '')
        assert.is(at(29), '')
        assert.is(at(30), '  h1           restart app … 30 s\n')
        assert.is(ask(true), '')
        assert.is(at(31), '')
        assert.is(at(61), '<  h1           restart app … 1 min 01 s\nCode: >')
        assert.is(ask(false), '')
        assert.is(at(62, done('h1', 'restart app')), '  h1           restart app (2.0 s)\n')
      },
      TERM,
    )
})

test('what hosts and files say does not steer the terminal', () => {
  for (const [live, TERM] of [[true, 'xterm'], ...still] as const) {
    const body = (at: At): void => {
      const failure = {
        host: 'h1',
        play: 'p',
        kind: 'failed',
        problems: [{ where: 'h1', what: 'said \x1b[2J\x9b31m\u202e', remedy: 'look' }],
        done: ['write \x07'],
        undone: [],
      } as const
      at(0, begin('h1', 'write \x1b]0;mine\x07'))
      const said = at(1) + at(2, { kind: 'failed', failure })
      const plain = ['\x1b[31m', '\x1b[2m', '\x1b[0m'].reduce((text, colour) => text.replaceAll(colour, ''), said)
      assert.not(/[^\P{Cc}\n]|\u202e/u.test(plain), JSON.stringify(said))
      assert.ok(said.includes('said \\x1b[2J\\x9b31m\\u202e'), said)
      if (TERM === 'dumb') assert.is(plain, said)
    }
    watch(live, body, TERM)
  }
})

test('a host that failed is at work no more', () => {
  watch(true, (at) => {
    at(0, begin('h1', 'restart app'))
    const failure = { host: 'h1', play: 'p', kind: 'failed', problems: [], done: [], undone: [] } as const
    assert.not(at(1, { kind: 'failed', failure }).includes('… '))
  })
})

test.run()
