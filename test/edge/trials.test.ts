/** One try at a time: whose turn it is. What is tried at real hosts is in ssh-login.test.ts and become.test.ts. */
import { Secret } from '../../lib/core/secret.ts'
import { Trial, Trials, type Turn } from '../../lib/edge/trials.ts'
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

/** Who is given the password now, where everybody who gets the turn gives it; and what they say of it. */
function asking(trial: Trial, hosts: number) {
  const given: string[] = []
  const turns = new Map<string, Turn>()
  const over = Array.from({ length: hosts }, async (_, index) => {
    const host = `h${index + 1}`
    const turn = await trial.turn(host)
    if (!turn || !(await turn.give())) return
    given.push(host)
    turns.set(host, turn)
  })
  return { given, over: Promise.all(over), say: (host: string, word: 'refused' | 'over') => turns.get(host)?.[word]() }
}
/** Long after the patience of all. */
const later = (): Promise<void> => new Promise((done) => setTimeout(done, 60))

test('those that have it and say nothing may yet refuse it: no third gets it before it is known what two say', async () => {
  const trial = new Trial(0.01)
  const { given, over, say } = asking(trial, 50)
  await later()
  assert.equal(given, ['h1', 'h2'])
  say('h1', 'refused')
  await later()
  assert.equal(given, ['h1', 'h2'], 'one refused it, and one may')
  say('h2', 'refused')
  await over
  assert.equal(
    [given, trial.refusedBy],
    [
      ['h1', 'h2'],
      ['h1', 'h2'],
    ],
  )
})

test('one that froze with the password holds the others up until its login is over, and is none that refused it', async () => {
  const trial = new Trial(0.01)
  const { given, over, say } = asking(trial, 4)
  await later()
  say('h1', 'over')
  await later()
  assert.equal(given, ['h1', 'h2', 'h3'])
  for (const host of ['h2', 'h3', 'h4']) {
    await later()
    say(host, 'over')
  }
  await over
  assert.equal([given.length, trial.refusedBy], [4, null])
})

test('one that is asked for the password long after its turn waits for another', async () => {
  const trial = new Trial(0.01)
  const late = await trial.turn('h1')
  const second = await trial.turn('h2')
  assert.ok(await second?.give())
  let may: boolean | undefined
  const giving = late?.give().then((answer) => {
    may = answer
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.is(may, undefined, 'h2 has it')
  second?.refused()
  await giving
  assert.is(may, true)
  const third = trial.turn('h3')
  late?.refused()
  assert.is(await third, null)
  const gone = await new Trial().turn('h1')
  gone?.over()
  assert.is(await gone?.give(), false)
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
