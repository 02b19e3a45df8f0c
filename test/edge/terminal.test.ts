/** Questions at a terminal, which is a stream here. */
import { PassThrough } from 'node:stream'
import { type OpenQuestion, type TerminalAsker, terminalAsker } from '../../lib/edge/terminal.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/terminal')

/** What is written to a terminal of so many columns on which `body` asks; `type` presses keys. */
async function written(
  columns: number,
  body: (asker: TerminalAsker, type: (keys: string) => void) => Promise<unknown>,
): Promise<string> {
  const { stderr } = process
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const old = { write: stderr.write, columns: stderr.columns, TERM: process.env.TERM }
  const keyboard = Object.assign(new PassThrough(), { isTTY: true })
  let shown = ''
  Object.defineProperty(process, 'stdin', { value: keyboard, configurable: true })
  stderr.write = (piece: string | Uint8Array): boolean => {
    shown += piece
    return true
  }
  stderr.columns = columns
  process.env.TERM = 'xterm'
  try {
    await body(terminalAsker(), (keys) => void keyboard.write(keys))
  } finally {
    stderr.write = old.write
    stderr.columns = old.columns
    if (old.TERM === undefined) delete process.env.TERM
    else process.env.TERM = old.TERM
    Object.defineProperty(process, 'stdin', stdin)
  }
  return shown
}

test('nothing in a question steers the terminal', async () => {
  let typed = ''
  const shown = await written(80, async (asker, type) => {
    setImmediate(() => type('s3cret\n'))
    typed = (await asker.secret('db\u202e\x9b31m\x1b]0;mine\x07: pass\nword: ')).reveal()
  })
  assert.equal([typed, shown], ['s3cret', 'db\\u202e\\x9b31m\\x1b]0;mine\\x07: pass word: \n'])
})

test('a question is taken off for other lines, however many of its own it takes, and put below them with what was typed', async () => {
  for (const { columns, shown, typed, off } of [
    { columns: 80, shown: true, typed: '12', off: '\r\x1b[J' },
    { columns: 80, shown: false, typed: '', off: '\r\x1b[J' },
    { columns: 8, shown: false, typed: '', off: '\r\x1b[J' },
    { columns: 4, shown: false, typed: '', off: '\r\x1b[1A\x1b[J' },
    { columns: 3, shown: true, typed: '12', off: '\r\x1b[3A\x1b[J' },
  ]) {
    let open: OpenQuestion | null = null
    const told: boolean[] = []
    const text = await written(columns, async (asker, type) => {
      asker.heededBy((question) => {
        told.push(question !== null)
        open = question
      })
      const answer = shown ? asker.line('数字 a: ') : asker.secret('数字 a: ')
      await new Promise(setImmediate)
      type('12')
      await new Promise(setImmediate)
      open?.lift()
      process.stderr.write('a line\n')
      open?.put()
      type('3\n')
      await answer
    })
    assert.ok(text.includes(`${off}a line\n数字 a: ${typed}`), JSON.stringify(text))
    assert.equal(told, [true, false])
  }
})

test('a key that takes back another one leaves the question', async () => {
  const text = await written(80, async (asker, type) => {
    const answer = asker.line('one? ')
    await new Promise(setImmediate)
    type('yx\x7f\n')
    assert.is(await answer, 'y')
  })
  assert.match(text, /J?one\? y[^>]*$/)
  assert.not.match(text, />/)
})

test.run()
