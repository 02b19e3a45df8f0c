/** Questions at a terminal, which is a stream here. */
import { PassThrough } from 'node:stream'
import { terminalAsker } from '../../lib/edge/terminal.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/terminal')

test('nothing in a question steers the terminal', async () => {
  const { stderr } = process
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const { write } = stderr
  const keyboard = Object.assign(new PassThrough(), { isTTY: true })
  let shown = ''
  Object.defineProperty(process, 'stdin', { value: keyboard, configurable: true })
  stderr.write = (piece: string | Uint8Array): boolean => {
    if (shown === '') setImmediate(() => keyboard.write('s3cret\n'))
    shown += piece
    return true
  }
  let typed = ''
  try {
    typed = (await terminalAsker().secret('db\u202e\x9b31m\x1b]0;mine\x07: password: ')).reveal()
  } finally {
    stderr.write = write
    Object.defineProperty(process, 'stdin', stdin)
  }
  assert.equal([typed, shown], ['s3cret', 'db\\u202e\\x9b31m\\x1b]0;mine\\x07: password: \n'])
})

test.run()
