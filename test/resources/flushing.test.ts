import { lines, Script } from '../../lib/core/script.ts'
import { endFlushing, startFlushing } from '../../lib/resources/flushing.ts'
import { assert, suite } from '../kit.ts'
import { Sandbox, shells } from '../shells.ts'

const test = suite('resources/flushing')
const box = new Sandbox(test)

for (const shell of shells) {
  test(`${shell}: one that has failed is there until it is waited for: its number is nobody else's meanwhile`, () => {
    const failing = new Script('echo failed >&2; return 1')
    const there = 'kill -0 $flushing && echo "it is there"'
    const script = lines('set -eu', startFlushing(failing, '0.1'), 'sleep 1.5', there, endFlushing, 'echo goes on')
    const { code, stdout, stderr } = box.run(shell, script.text)
    assert.equal([code, stdout, stderr], [1, 'it is there\n', 'failed\n'])
  })

  test(`${shell}: what has not failed is flushed once more, and the script goes on`, () => {
    const script = lines('set -eu', startFlushing(new Script('echo flushed >&2'), '5'), endFlushing, 'echo goes on')
    const { code, stdout, stderr } = box.run(shell, script.text)
    assert.equal([code, stdout, stderr], [0, 'goes on\n', 'flushed\n'])
  })
}

test.run()
