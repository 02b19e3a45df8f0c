import { chunkBytes, fileChunks } from '../../lib/edge/file-chunks.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/file-chunks')

/** A file whose bytes tell their place; counts what is read of it, and gives at most `most` bytes at a time. */
function fileOf(bytes: number, most = Number.POSITIVE_INFINITY) {
  const content = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32LE(at, at)
  const file = {
    content,
    reads: 0,
    fails: false,
    async read(buffer: Buffer, offset: number, length: number, at: number) {
      file.reads++
      await new Promise((done) => setImmediate(done))
      if (file.fails) throw new Error('EIO')
      const bytesRead = content.copy(buffer, offset, at, at + Math.min(length, most))
      return { bytesRead, buffer }
    },
  }
  return file
}
type File = ReturnType<typeof fileOf>

const chunksOf = (file: File, from = 0, key = 'file') => fileChunks(file as never, key, from)

async function whole(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) {
    assert.ok(chunk.length > 0)
    all.push(Buffer.from(chunk))
  }
  return Buffer.concat(all)
}

/** Takes one chunk of each in turn, until all have ended, and copies them. */
async function inStep(readers: readonly AsyncGenerator<Buffer>[]): Promise<readonly Buffer[]> {
  const found: Buffer[][] = readers.map(() => [])
  for (let ended = 0; ended < readers.length; ) {
    ended = 0
    for (const [index, reader] of readers.entries()) {
      const { done, value } = await reader.next()
      if (done) ended++
      else found[index]!.push(Buffer.from(value))
    }
  }
  return found.map((chunks) => Buffer.concat(chunks))
}

for (const [what, bytes] of Object.entries({
  'of no byte': 0,
  'of one byte': 1,
  'of one chunk': chunkBytes,
  'of some chunks and a bit': 5 * chunkBytes + 7,
}))
  test(`a file ${what}: from the beginning, from within, from its end`, async () => {
    const file = fileOf(bytes, 100_000)
    for (const from of [0, Math.floor(bytes / 3), Math.max(bytes - 1, 0), bytes])
      assert.ok((await whole(chunksOf(file, from))).equals(file.content.subarray(from)), `${from}`)
  })

test('machines that go along together: each chunk is read once', async () => {
  const file = fileOf(40 * chunkBytes + 5)
  const found = await inStep(Array.from({ length: 10 }, () => chunksOf(file)))
  for (const one of found) assert.ok(one.equals(file.content))
  assert.is(file.reads, 41 + 1, 'and once that there is no more')
})

test('what one has read waits for others that are some chunks behind', async () => {
  const file = fileOf(40 * chunkBytes)
  const [ahead, behind] = [chunksOf(file), chunksOf(file)]
  for (let chunk = 0; chunk < 32; chunk++) await ahead.next()
  for (let chunk = 0; chunk < 29; chunk++) {
    const { value } = await behind.next()
    assert.ok(value!.equals(file.content.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)))
  }
  assert.is(file.reads, 32)
  await Promise.all([ahead.return(), behind.return()])
})

test('one that is behind reads again what nobody keeps any more; one that goes on elsewhere has its own', async () => {
  const file = fileOf(100 * chunkBytes)
  const [first, second] = [chunksOf(file), chunksOf(file)]
  await second.next()
  const ahead = await whole(first)
  const resumed = await whole(chunksOf(file, 31 * chunkBytes + 9))
  const behind = await whole(second)
  assert.ok(ahead.equals(file.content))
  assert.ok(resumed.equals(file.content.subarray(31 * chunkBytes + 9)))
  assert.ok(behind.equals(file.content.subarray(chunkBytes)))
  assert.ok(file.reads > 200, `${file.reads}`)
})

test('the last three chunks stay as they are, and what was under way when it ended for good', async () => {
  const file = fileOf(60 * chunkBytes)
  const held: { readonly chunk: Buffer; readonly copy: Buffer }[] = []
  const hold = (list: (typeof held)[number][], chunk: Buffer): void => {
    list.push({ chunk, copy: Buffer.from(chunk) })
  }
  const intact = (list: typeof held): void => {
    for (const { chunk, copy } of list) assert.ok(chunk.equals(copy))
  }
  const fast = chunksOf(file)
  const slow = chunksOf(file)
  const ofSlow: typeof held = []
  for (let turn = 0; turn < 60; turn++) {
    hold(held, (await fast.next()).value as Buffer)
    if (turn % 3 === 0) hold(ofSlow, (await slow.next()).value as Buffer)
    intact(held.slice(-3))
    intact(ofSlow.slice(-3))
  }
  assert.is((await fast.next()).done, true)
  const last = held.slice(-2)
  for (let more = 0; more < 3; more++) await whole(chunksOf(file))
  intact(last)
  intact(ofSlow.slice(-3))
  await slow.return()
})

test('no more buffers than are in use, and some: those of machines that have ended are let go', async () => {
  const file = fileOf(40 * chunkBytes)
  const buffers = new Set<ArrayBufferLike>()
  const stays = chunksOf(file)
  await stays.next()
  for (let machine = 0; machine < 20; machine++)
    for await (const chunk of chunksOf(file)) if (machine === 19) buffers.add(chunk.buffer)
  assert.ok(buffers.size <= 32 + 3, `${buffers.size}`)
  assert.is(file.reads, 1 + 20 * 40, 'all but the chunk that the first one has, by each: none stays with who has ended')
  await stays.return()
})

test('what can’t be read is told to all who wait for it, and tried again for who asks next', async () => {
  const file = fileOf(3 * chunkBytes)
  const [one, two, stays] = [chunksOf(file), chunksOf(file), chunksOf(file)]
  for (const machine of [one, two, stays]) await machine.next()
  file.fails = true
  const outcomes = await Promise.allSettled([one.next(), two.next()])
  assert.equal(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.is(file.reads, 2, 'the first chunk and the second, once each')
  const third = chunksOf(file)
  file.fails = false
  assert.ok((await whole(third)).equals(file.content))
  await stays.return()
})

test('a file that was written to since is another one', async () => {
  const [before, after] = [fileOf(2 * chunkBytes), fileOf(2 * chunkBytes)]
  after.content.fill('x')
  const [old, fresh] = await inStep([chunksOf(before, 0, 'then'), chunksOf(after, 0, 'now')])
  assert.ok(old!.equals(before.content))
  assert.ok(fresh!.equals(after.content))
})

test.run()
