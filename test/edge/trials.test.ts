/** One try at a time: whose turn it is. What is tried at real hosts is in ssh-login.test.ts and become.test.ts. */
import { Secret } from '../../lib/core/secret.ts'
import { Trial, Trials } from '../../lib/edge/trials.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/trials')

test('whoever keeps the turn is waited for only so long, and what comes of it still counts', async () => {
  const trial = new Trial(0.01)
  const first = await trial.turn('h1')
  const second = await trial.turn('h2')
  second?.refused()
  assert.is(trial.refusedBy, null)
  first?.refused()
  assert.equal(trial.refusedBy, ['h2', 'h1'])
  assert.is(await trial.turn('h3'), null)
})

test('one that is late and accepted opens the way again', async () => {
  const trial = new Trial(0.01)
  const late = await trial.turn('h1')
  for (const host of ['h2', 'h3']) (await trial.turn(host))?.refused()
  assert.is(await trial.turn('h4'), null)
  late?.accepted()
  assert.ok(await trial.turn('h5'))
  assert.ok(await trial.turn('h6'), 'at once')
})

test('where one after the other says nothing each is waited for half as long, until one speaks', async () => {
  const waits: number[] = []
  const { setTimeout: real } = globalThis
  const fake = (go: () => void, ms: number): NodeJS.Timeout => {
    waits.push(ms / 1000)
    return real(go, 0)
  }
  globalThis.setTimeout = fake as typeof setTimeout
  try {
    const trial = new Trial(10)
    for (let host = 1; host <= 6; host++) await trial.turn(`h${host}`)
    const speaks = await trial.turn('h7')
    speaks?.refused()
    await trial.turn('h8')
  } finally {
    globalThis.setTimeout = real
  }
  assert.equal(waits, [10, 5, 2.5, 1.25, 1, 1, 1, 10])
})

test('only the first word of a turn counts, and a turn is given back once', async () => {
  const trial = new Trial()
  const first = await trial.turn('h1')
  first?.refused()
  first?.refused()
  first?.over()
  assert.is(trial.refusedBy, null)
  const second = await trial.turn('h2')
  let third = false
  const waiting = trial.turn('h3').then(() => {
    third = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.not(third, 'one at a time')
  second?.over()
  await waiting
})

test('accounts and passwords are told apart', () => {
  const trials = new Trials()
  const one = trials.of('ops', new Secret('a'))
  assert.is(trials.of('ops', new Secret('a')), one)
  assert.is.not(trials.of('ops', new Secret('b')), one)
  assert.is.not(trials.of('root', new Secret('a')), one)
})

test.run()
