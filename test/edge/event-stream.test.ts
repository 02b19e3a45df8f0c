/** `--events FILE`: lines while it happens, and never in the way of the run. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import { openEvents } from '../../lib/edge/event-stream.ts'
import type { Event } from '../../lib/engine/world.ts'
import { assert, suite } from '../kit.ts'
import { recorded } from '../report/runs.ts'
import { conforms } from '../report/schemas.ts'
import { failing } from '../report/sites.ts'

const test = suite('edge/event-stream')
const folder = mkdtempSync(join(tmpdir(), 'plinth-events-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

const begun = { id: '1a2b3c4d', started: '2025-03-01T08:00:00.000Z', playbook: 'site.ts', check: false }
const deed = { host: 'h1', play: 'p', id: 'release:/r', step: { say: 'send', run: '', input: 'canary-5e' } }
const upload = (sent: number): Event => ({ kind: 'sent', ...deed, sent, of: 100 })
const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('a line is there before the next thing begins; the last has the result', async () => {
  const path = join(folder, 'run.jsonl')
  const stream = openEvents(path, begun, assert.unreachable)
  assert.is(linesOf(path).length, 1)
  let seen = 1
  const { world, plays } = failing()
  const run = await recorded(plays, world, {
    told(event, at) {
      stream.add(event, at)
      const now = linesOf(path).length
      assert.ok(now > seen, event.kind)
      seen = now
    },
  })
  stream.end(run)
  const lines = linesOf(path)
  for (const line of lines) conforms('events', line)
  assert.is(lines[0]!.event, 'begin')
  assert.equal(
    lines.filter(({ event }) => event === 'plan').map(({ host }) => host),
    ['节点一', 'nacos2', 'nacos3', '节点一', 'nacos2', 'nacos3'],
  )
  assert.is((lines.at(-1)!.result as { exitCode: number }).exitCode, 1)
  assert.is(lines.filter(({ event }) => event === 'result').length, 1)
})

test('two runs with one file: the later begins it anew, and no line is written into another', () => {
  const path = join(folder, 'shared.jsonl')
  const first = openEvents(path, begun, assert.unreachable)
  first.add({ kind: 'connecting', machines: 1 }, 0)
  const second = openEvents(path, { ...begun, id: '5e6f7a8b' }, assert.unreachable)
  first.add({ kind: 'play', play: 'one', hosts: [] }, 1)
  second.add({ kind: 'play', play: 'two', hosts: [] }, 1)
  first.add({ kind: 'preparing', play: 'one' }, 2)
  assert.equal(
    linesOf(path).map(({ event, run, play }) => [event, run ?? play]),
    [
      ['begin', '5e6f7a8b'],
      ['play', 'one'],
      ['play', 'two'],
      ['preparing', 'one'],
    ],
  )
})

test('of an upload there is one line a second, and its end', () => {
  const path = join(folder, 'upload.jsonl')
  const stream = openEvents(path, begun, assert.unreachable)
  for (const [at, sent] of [
    [0, 0],
    [0.5, 10],
    [0.9, 20],
    [1.1, 30],
    [1.2, 100],
  ] as const)
    stream.add(upload(sent), at)
  assert.equal(
    linesOf(path).flatMap(({ sent }) => sent ?? []),
    [0, 30, 100],
  )
  assert.not(readFileSync(path, 'utf8').includes('canary'))
})

test('without a file nothing is written', () => {
  const stream = openEvents(null, begun, assert.unreachable)
  stream.add(upload(1), 1)
})

for (const [name, path, what] of [
  ['a folder that is not there', join(folder, 'no/such/x.jsonl'), 'ENOENT'],
  ['a folder', folder, 'EISDIR'],
] as const) {
  test(`${name} is refused at the desk`, () => refused(path, what))
}

function refused(path: string, what: string): void {
  try {
    openEvents(path, begun, assert.unreachable)
  } catch (error) {
    assert.instance(error, PlinthError)
    assert.is((error as PlinthError).code, 4)
    assert.ok((error as PlinthError).message.includes(what), (error as PlinthError).message)
    return
  }
  assert.unreachable('it was not refused')
}

test('what is no stream of events is not replaced', () => {
  const path = join(folder, 'hosts.yaml')
  for (const text of ['all: { hosts: { a: } }\n', '\n', '{"kind": "plinth plan"}', `# ${'x'.repeat(300)}`]) {
    writeFileSync(path, text)
    refused(path, `--events ${path}: it is there already, and is no stream of events; name another file`)
    assert.is(readFileSync(path, 'utf8'), text)
  }
  for (const earlier of ['', readFileSync(join(folder, 'upload.jsonl'), 'utf8')]) {
    writeFileSync(path, earlier)
    openEvents(path, begun, assert.unreachable)
    assert.is(linesOf(path).length, 1)
  }
})

const pipe = (name: string): string => {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return path
}

test('a pipe that nobody reads is refused at once', () => refused(pipe('unread'), 'nobody reads this pipe'))

test('a reader that does not read is left behind, and the run is not', async () => {
  const path = pipe('stuck')
  const reader = spawn('sh', ['-c', `exec 3<"$1"; echo open; sleep 60`, 'sh', path], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  try {
    const holder = openReader(path)
    await new Promise((resolve) => reader.stdout.once('data', resolve))
    const said: string[] = []
    const stream = openEvents(path, begun, (line) => said.push(line))
    for (let i = 0; i < 2000; i++) stream.add(upload(100), i)
    assert.is(said.length, 1)
    assert.match(said[0]!, /stuck: no more events are written \(EAGAIN\); the run goes on/)
    await holder
  } finally {
    process.kill(-reader.pid!, 'SIGKILL')
  }
})

/** A reading end is opened only together with a writing one. */
const openReader = async (path: string): Promise<void> => {
  const writer = spawn('sh', ['-c', ': >"$1"', 'sh', path], { stdio: 'ignore' })
  await new Promise((resolve) => writer.once('close', resolve))
}

test('a full disk ends the stream, not the run', () => {
  mkdirSync(folder, { recursive: true })
  const said: string[] = []
  const stream = openEvents('/dev/full', begun, (line) => said.push(line))
  stream.add(upload(100), 1)
  assert.equal(said, ['/dev/full: no more events are written (ENOSPC); the run goes on'])
})

test.run()
