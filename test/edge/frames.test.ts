import { Frames, Kept } from '../../lib/edge/frames.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/frames')
const nonce = 'n0nce'

/** The pieces of some chunks, neighbouring output joined, output as text in angle brackets. */
function read(chunks: readonly Buffer[]): string[] {
  const frames = new Frames(nonce)
  const out: string[] = []
  let text: Buffer[] = []
  const flush = (): void => {
    if (text.length > 0) out.push(`<${Buffer.concat(text)}>`)
    text = []
  }
  for (const piece of chunks.flatMap((chunk) => frames.push(chunk))) {
    if (typeof piece === 'string') {
      flush()
      out.push(piece)
    } else text.push(piece)
  }
  flush()
  return out
}

const cases: readonly [name: string, stream: string, pieces: readonly string[]][] = [
  ['output between marks', '\nn0nce begin 1\nhi\n\nn0nce end 1 0\n', ['begin 1', '<hi\n>', 'end 1 0']],
  ['no output', '\nn0nce begin 1\n\nn0nce end 1 0\n', ['begin 1', 'end 1 0']],
  ['output without a last line break', '\nn0nce begin 1\nhi\nn0nce end 1 0\n', ['begin 1', '<hi>', 'end 1 0']],
  ['noise before', 'welcome!\r\n\nn0nce begin 1\n', ['<welcome!\r\n>', 'begin 1']],
  ['a mark in the middle of a line', 'ab\nn0nce got 1\ncd', ['<ab>', 'got 1', '<cd>']],
  ['the nonce in the middle of a line is output', 'x n0nce begin\nx', ['<x n0nce begin\nx>']],
  ['a longer word is output', '\nn0nce-section 3\nk\tv', ['<\nn0nce-section 3\nk\tv>']],
  ['empty lines stay', '\n\n\nn0nce end 1 0\n', ['<\n\n>', 'end 1 0']],
  ['characters of several bytes', '\nn0nce begin 1\nä漢🙂\nn0nce end 1 7\n', ['begin 1', '<ä漢🙂>', 'end 1 7']],
]

for (const [name, stream, pieces] of cases) {
  test(`${name}: the same wherever the bytes are cut`, () => {
    const bytes = Buffer.from(stream)
    assert.equal(read([bytes]), pieces)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        assert.equal(read(chunks), pieces, `cut at ${first} and ${second}`)
      }
    }
    assert.equal(read([...bytes].map((byte) => Buffer.from([byte]))), pieces, 'byte by byte')
  })
}

test('what may become a mark is kept back, all else is handed on at once', () => {
  const frames = new Frames(nonce)
  assert.equal(frames.push(Buffer.from('abc\nn0')).map(String), ['abc'])
  assert.equal(frames.push(Buffer.from('nce')).map(String), [])
  assert.equal(frames.push(Buffer.from('x')).map(String), ['\nn0ncex'])
})

test('the first bytes are kept, and a character at the edge of a chunk stays whole', () => {
  const kept = new Kept('head', 10)
  const bytes = Buffer.from('ä漢🙂!')
  for (const byte of bytes) kept.push(Buffer.from([byte]))
  assert.is(kept.text(), 'ä漢🙂!')
  assert.is(kept.cut, false)
  kept.push(Buffer.from('more'))
  assert.is(kept.text(), 'ä漢🙂!')
  assert.is(kept.cut, true)
})

test('the last bytes are kept, whatever the size of the chunks', () => {
  for (const size of [1, 3, 7, 100]) {
    const kept = new Kept('tail', 8)
    const bytes = Buffer.from('0123456789'.repeat(10))
    for (let at = 0; at < bytes.length; at += size) kept.push(bytes.subarray(at, at + size))
    assert.is(kept.text(), '23456789', `chunks of ${size}`)
  }
})

test.run()
