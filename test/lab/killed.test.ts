/**
 * The controller is killed at moments chosen at random, and the next run reaches the same state as a run never killed:
 * file by file, unit by unit, table by table. The moments come from a seed, which is printed; `PLINTH_SEED=N` repeats it.
 */
import { assert, suite } from '../kit.ts'
import { type Announcing, assertDid, differingHosts } from './deeds.ts'
import {
  allQuiet,
  differences,
  halfWritten,
  inventory,
  lower,
  type Moment,
  machineOf,
  type Ran,
  raise,
  run,
  type Snapshot,
  snapshot,
  starts,
} from './killed/stage.ts'
import { randomFrom, seed } from './random.ts'

const test = suite('killed')
test.after(lower)

/** How many runs are killed from each start. */
const rounds = 16
console.log(`  PLINTH_SEED=${seed}`)

/** Every other time by what it says, and by the clock; from the moment on at which it begins to connect. */
function momentIn(reference: Ran, round: number, random: () => number): Moment {
  const { pieces, ms } = reference
  if (round % 2 === 1) return { ms: Math.round(ms * (0.25 + 0.75 * random())) }
  const piece = pieces[Math.floor(random() * (pieces.length - 1))]
  return { bytes: piece?.bytes ?? 0, later: Math.round(60 * random()) }
}

test('the hosts are there', raise, { timeout: 600 })

for (const [index, [name, { make, restore }]] of Object.entries(starts).entries()) {
  const random = randomFrom(seed + index)
  let start: Snapshot
  let reference: Snapshot
  let whole: Ran
  let path = ''

  test(
    `${name}: a run that is not killed does what the check announces, step by step`,
    async () => {
      await starts['bare hosts'].restore()
      await make()
      await restore()
      start = await snapshot()
      path = inventory('now')
      const checked = await run(path, ['--check', '--json'])
      assert.is(checked.code, 2, checked.text)
      assert.equal(differences(await snapshot(), start), [], 'a check changes nothing')
      whole = await run(path)
      assert.is(whole.code, 0, whole.text)
      const document = JSON.parse(checked.stdout) as Announcing
      assert.is(differingHosts(document).size, 5, 'something differs on every host')
      assertDid(whole.text, document, machineOf)
      reference = await snapshot()
      for (const [thing, state] of reference) if (/ has read /.test(thing)) assert.is(state, 'what is there', thing)
      const again = await run(path)
      assert.is(again.code, 0, again.text)
      assert.match(again.text, /Nothing had to change/)
      assert.equal(differences(await snapshot(), reference), [])
    },
    { timeout: 400 },
  )

  for (let round = 0; round < rounds; round++) {
    test(
      `${name}: killed, round ${round + 1}`,
      async () => {
        let killed: Ran
        let moment: Moment
        do {
          await restore()
          moment = momentIn(whole, round, random)
          killed = await run(path, [], moment)
          // One that came to its end before its moment proves nothing.
        } while (killed.code !== null)
        const told = `PLINTH_SEED=${seed}, round ${round + 1}, killed at ${JSON.stringify(moment)}:\n${killed.text}`
        await allQuiet()
        assert.equal(halfWritten(await snapshot(), start, reference), [], told)
        const next = await run(path)
        assert.is(next.code, 0, `${told}\n${next.text}`)
        assert.equal(differences(await snapshot(), reference), [], told)
        const again = await run(path, ['--check'])
        assert.is(again.code, 0, `${told}\n${again.text}`)
      },
      { timeout: 240 },
    )
  }
}

test.run()
