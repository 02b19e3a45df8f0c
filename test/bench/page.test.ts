import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filled, partsOf } from '../../bench/page.ts'
import { figures } from '../../bench/results.ts'
import { assert, suite } from '../kit.ts'
import { contest, run } from './runs.ts'

const test = suite('page')
const machine = {
  cores: 2,
  cpu: 'Some CPU',
  memory_gib: 8,
  kernel: '6.1.0',
  node: '20.0.0',
  newestNode: '26.0.0',
  tsx: '4.0.0',
  openssh: 'OpenSSH_9.2p1',
  plinth: '0.1.0',
  peers: { pyinfra: '3.0' },
}

test('what stands between the marks of a part is replaced, and nothing else', () => {
  const page = 'before\n<!-- a -->\nold\n<!-- /a -->\nbetween\n<!-- b --><!-- /b -->\nafter\n'
  const once = filled(page, { a: 'new\n', b: 'B' })
  assert.is(once, 'before\n<!-- a -->\n\nnew\n\n<!-- /a -->\nbetween\n<!-- b -->\n\nB\n\n<!-- /b -->\nafter\n')
  assert.is(filled(once, { a: 'new\n', b: 'B' }), once)
  assert.throws(() => filled(page, { c: 'x' }), /no <!-- c -->/)
})

test('a goal is reached at its figure, and missed above it', () => {
  const at = (wall_s: number): string =>
    partsOf(figures([run({ wall_s: 1 }), run({ contender: 'plinth', wall_s })]), machine).targets ?? ''
  assert.match(at(1.8), /converged, 3 hosts +\| 1.8 × floor +\| +1.80 ✓ +\| +\| +\| +\|/)
  assert.match(at(1.9), /converged, 3 hosts +\| 1.8 × floor +\| +1.90 ✗ +\| +\| +\| +\|/)
  assert.match(at(1), /converged, 10 hosts +\| 1 × floor +\| +\| +\| +\| +\|/)
})

test('every way to start has a column of its own, and a row with its time', () => {
  const runs = ['plinth-npx', 'plinth', 'plinth-import', 'plinth-newest', 'plinth-node'].map((contender, index) =>
    run({ contender, wall_s: 5 - index }),
  )
  const { targets, starts } = partsOf(figures([run({ wall_s: 1 }), ...runs]), machine)
  assert.match(targets ?? '', /converged, 3 hosts +\| 1.8 × floor +\| 4.00 ✗ +\| 3.00 ✗ +\| 2.00 ✗ +\| 1.00 ✓ +\|/)
  assert.match(
    targets ?? '',
    /at most +\| `tsx`, Node 20 +\| `node --import tsx`, Node 20 +\| `tsx`, Node 26 +\| `node` alone, Node 26 \|/,
  )
  assert.match(starts ?? '', /`npx tsx playbooks.*` +\| 20.0.0 +\| +5.00 \|/)
  assert.match(starts ?? '', /`node playbooks.*` +\| 26.0.0 +\| +1.00 \|/)
})

test('the cost of a further endpoint is what comes on top of the first', () => {
  const points = [
    run({ job: 'scale', contender: 'plinth', n: 1, cpu_s: 1 }),
    run({ job: 'scale', contender: 'plinth', n: 101, cpu_s: 2 }),
  ]
  assert.match(partsOf(figures(points), machine).scale ?? '', /\| +101 \| later +\| +1 \| +0.50 \| +2.00 \| +10.0 \|/)
})

test('the scale goals are looked up at a thousand endpoints', () => {
  const points = [1, 1000].map((n) => run({ job: 'scale', contender: 'plinth', n, cpu_s: 1 + n * 0.01, rss_mb: 251 }))
  const text = partsOf(figures(points), machine).targets ?? ''
  assert.match(text, /per further endpoint, 1,000 endpoints +\| 15 ms +\| +10.00 ✓/)
  assert.match(text, /memory, 1,000 endpoints +\| 250 MB +\| +251.00 ✗/)
})

test('the page of this project has a place for every part', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), 'utf8')
  const text = filled(page, partsOf(figures(contest), machine))
  assert.match(text, /2 cores \(Some CPU\) and 8 GiB/)
  assert.match(text, /plinth +\| +3 \| +0.70 \| +1.40/)
})

test.run()
