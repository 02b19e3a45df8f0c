/** Questions at a terminal, which is a stream here. */
import { PassThrough } from 'node:stream'
import { width } from '../../lib/core/display.ts'
import { type OpenQuestion, type TerminalAsker, terminalAsker } from '../../lib/edge/terminal.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/terminal')

interface Desk {
  /** What was written to the terminal. */
  readonly written: string
  /** The signals that this process was sent meanwhile. */
  readonly signals: readonly unknown[]
}

/** A terminal of so many columns on which `body` asks; `type` presses one key after the other, as they are heard. */
async function at(
  { columns = 80, TERM = 'xterm' }: { readonly columns?: number; readonly TERM?: string },
  body: (asker: TerminalAsker, type: (...keys: readonly string[]) => Promise<void>) => Promise<unknown>,
): Promise<Desk> {
  const { stderr } = process
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const old = { write: stderr.write, columns: stderr.columns, isTTY: stderr.isTTY, TERM: process.env.TERM }
  const { kill } = process
  const keyboard = Object.assign(new PassThrough(), { isTTY: true })
  const desk = { written: '', signals: [] as unknown[] }
  Object.defineProperty(process, 'stdin', { value: keyboard, configurable: true })
  process.kill = (_process, signal) => {
    desk.signals.push(signal)
    return true
  }
  stderr.write = (piece: string | Uint8Array): boolean => {
    desk.written += piece
    return true
  }
  Object.assign(stderr, { columns, isTTY: true })
  process.env.TERM = TERM
  try {
    await body(terminalAsker(), async (...keys) => {
      for (const key of keys) {
        await new Promise(setImmediate)
        keyboard.write(key)
        await new Promise(setImmediate)
      }
    })
  } finally {
    Object.assign(stderr, { write: old.write, columns: old.columns, isTTY: old.isTTY })
    process.kill = kill
    if (old.TERM === undefined) delete process.env.TERM
    else process.env.TERM = old.TERM
    Object.defineProperty(process, 'stdin', stdin)
  }
  return desk
}

/** The rows that a terminal of so many columns shows after all that was written to it. Asserts that it was told nothing that is not known here. */
function rowsOf(written: string, columns: number): readonly string[] {
  const rows: string[][] = [[]]
  let [row, column] = [0, 0]
  const down = (): void => {
    if (++row === rows.length) rows.push([])
  }
  const acts: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => {
      row = Math.max(0, row - count)
    },
    B: (count) => {
      row = Math.min(rows.length - 1, row + count)
    },
    C: (count) => {
      column = Math.min(columns - 1, column + count)
    },
    D: (count) => {
      column = Math.max(0, Math.min(column, columns - 1) - count)
    },
    G: (count) => {
      column = count - 1
    },
    J: () => {
      rows.splice(row + 1)
      rows[row]!.splice(column)
    },
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys
  for (const [whole, count, act] of written.matchAll(/\x1b\[(\d*)([A-Z])|[\s\S]/gu)) {
    if (act !== undefined) {
      assert.ok(acts[act], `no such thing: ${JSON.stringify(whole)}`)
      acts[act]!(Number(count || 1))
    } else if (whole === '\r') column = 0
    else if (whole === '\n') {
      column = 0
      down()
    } else {
      assert.ok(whole >= ' ', JSON.stringify(whole))
      if (column + width(whole) > columns) {
        column = 0
        down()
      }
      for (let i = rows[row]!.length; i < column; i++) rows[row]!.push(' ')
      rows[row]!.splice(column, width(whole), whole, ...(width(whole) === 2 ? [''] : []))
      column += width(whole)
    }
  }
  // After a full row readline leaves an empty one.
  return `${rows
    .map((cells) => cells.join('').trimEnd())
    .join('\n')
    .trimEnd()}\n`.split('\n')
}

test('nothing in a question steers the terminal', async () => {
  let typed = ''
  const { written } = await at({}, async (asker, type) => {
    const answer = asker.secret('db\u202e\x9b31m\x1b]0;mine\x07: pass\nword: ')
    await type('s3cret\n')
    typed = (await answer).reveal()
  })
  assert.equal([typed, written], ['s3cret', 'db\\u202e\\x9b31m\\x1b]0;mine\\x07: pass word: \n'])
})

const question = '节点 nacos1: 写入 /opt/nacos/conf/application.properties, restart nacos? '
const widths = [4, 7, 8, 23, 24, 37, 49, 60, width(question), width(question) + 1, 80]

test('a question is taken off for other lines, however many rows of its own it takes, and put below them with what was typed', async () => {
  for (const columns of widths)
    for (const shown of [true, false]) {
      let open: OpenQuestion | null = null
      const told: boolean[] = []
      const above = (line: string): void => {
        open?.lift()
        process.stderr.write(`${line}\n`)
        open?.put()
      }
      const { written } = await at({ columns }, async (asker, type) => {
        process.stderr.write('old\n')
        asker.heededBy((question) => {
          told.push(question !== null)
          open = question
        })
        const answer = shown ? asker.line(question) : asker.secret(question).then((typed) => typed.reveal())
        above('one')
        await type('1', '数', 'x', '\x1b[D')
        above('two')
        await type('\x7f', '2', '\n')
        assert.is(await answer, '12x')
      })
      const expected = ['old', 'one', 'two', ...rowsOf(`${question}${shown ? '12x' : ''}\n`, columns)]
      assert.equal(rowsOf(written, columns), expected, `${columns} columns, ${shown ? 'shown' : 'hidden'}`)
      assert.equal(told, [true, false])
    }
})

test('a key that takes back another one leaves the question, and no second one', async () => {
  for (const columns of widths) {
    const { written } = await at({ columns }, async (asker, type) => {
      const answer = asker.line(question)
      await type('y', 'x', '\x7f', '\n')
      assert.is(await answer, 'y')
    })
    assert.equal(rowsOf(written, columns), rowsOf(`${question}y\n`, columns), `${columns} columns`)
  }
})

test('a dumb terminal is told nothing but text, and keys mean the same there', async () => {
  let typed = ''
  const { written, signals } = await at({ TERM: 'dumb' }, async (asker, type) => {
    asker.heededBy((open) => {
      open?.lift()
      open?.put()
    })
    const answer = asker.secret('Code: ')
    await type('s3', '\x1a', 'crex', '\x7f', 't\n')
    typed = (await answer).reveal()
    const line = asker.line('Go? ')
    await type('y\n')
    typed += await line
  })
  assert.equal([typed, written, signals], ['s3crety', '\nCode: Code: \n\nGo? Go? ', []])
})

test('Ctrl-Z stops nothing while a question is open: of several processes it would stop one', async () => {
  for (const ask of ['line', 'secret'] as const) {
    const { signals } = await at({}, async (asker, type) => {
      const answer = asker[ask]('Code: ')
      await type('\x1a', '1\n')
      await answer
    })
    assert.equal(signals, [])
  }
})

test('every Ctrl-C at a question is handed on: another one means more than the first', async () => {
  const { signals, written } = await at({}, async (asker, type) => {
    const answer = asker.secret('Code: ')
    await type('\x03', '\x03', '\x03', '\n')
    await answer
  })
  assert.equal(signals, ['SIGINT', 'SIGINT', 'SIGINT'])
  assert.is(written, 'Code: \n')
})

test('a question that nobody waits for any more goes, and one that waited for its turn is never asked', async () => {
  const [first, second] = [new AbortController(), new AbortController()]
  const { written } = await at({}, async (asker, type) => {
    const ends = [
      asker.secret('one: ', undefined, first.signal).catch(({ message }: Error) => message),
      asker.secret('two: ', undefined, second.signal).catch(({ message }: Error) => message),
      asker.line('three: '),
    ]
    await type('a')
    second.abort()
    first.abort()
    await type('b\n')
    const interrupted = 'terminal: it was interrupted; run it on a terminal'
    assert.equal(await Promise.all(ends), [interrupted, interrupted, 'b'])
  })
  assert.equal(rowsOf(written, 80), ['one:', 'three: b', ''])
})

test.run()
