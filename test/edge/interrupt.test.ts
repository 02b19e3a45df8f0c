/** Signals: which of them count, and as what. */
import { onInterrupt } from '../../lib/edge/interrupt.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/interrupt')

/** What is heard of signals that come at these times, in ms; `q` is somebody else's reason to end the run. */
function heard(
  ...signals: readonly ('q' | readonly [signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', at: number])[]
): readonly string[] {
  const words: string[] = []
  const { now } = performance
  const before = new Map((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, process.listeners(name)]))
  try {
    performance.now = () => 0
    const controller = onInterrupt({ first: () => words.push('first'), again: () => words.push('again') })
    const { signal } = controller
    assert.is(signal.aborted, false)
    for (const one of signals) {
      if (one === 'q') {
        controller.abort()
        continue
      }
      const [name, at] = one
      performance.now = () => at
      process.emit(name, name)
      assert.ok(signal.aborted)
    }
    return words
  } finally {
    performance.now = now
    for (const [name, listeners] of before) {
      for (const listener of process.listeners(name)) if (!listeners.includes(listener)) process.off(name, listener)
    }
  }
}

test('the first ends the run after the step in hand, another one ends it now, and no third is heard', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) assert.equal(heard([signal, 5]), ['first'])
  assert.equal(heard(['SIGINT', 5], ['SIGINT', 1500], ['SIGINT', 3000]), ['first', 'again'])
  assert.equal(heard(['SIGHUP', 5], ['SIGTERM', 1500]), ['first', 'again'])
})

test('one key that npx and tsx hand on is one interrupt', () => {
  assert.equal(heard(['SIGINT', 5], ['SIGINT', 35], ['SIGINT', 800]), ['first'])
})

test('the first signal is never the second, whoever ended the run before it', () => {
  assert.equal(heard('q', ['SIGTERM', 5], ['SIGTERM', 20]), ['first'])
  assert.equal(heard('q', ['SIGINT', 5], ['SIGINT', 1500]), ['first', 'again'])
})

test('a closed terminal never hurries', () => {
  assert.equal(heard(['SIGHUP', 5], ['SIGHUP', 5000]), ['first'])
  assert.equal(heard(['SIGTERM', 5], ['SIGHUP', 5000]), ['first'])
})

test.run()
