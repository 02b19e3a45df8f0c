import { askPasswords } from '../../lib/edge/passwords.ts'
import { assert, suite } from '../kit.ts'
import { answering } from './askers.ts'
import { failure } from './channels.ts'

const test = suite('edge/passwords')
const nothing = { askPass: false, askBecomePass: false, become: false, becomeUser: null, becomeMethod: null }

const cases: readonly [
  asks: Partial<typeof nothing>,
  types: readonly string[],
  login: string | undefined,
  become: string | undefined,
][] = [
  [{}, [], undefined, undefined],
  [{ askPass: true }, ['a'], 'a', undefined],
  [{ askBecomePass: true }, ['b'], undefined, 'b'],
  [{ askPass: true, askBecomePass: true }, ['a', 'b'], 'a', 'b'],
  [{ askPass: true, askBecomePass: true }, ['a', ''], 'a', 'a'],
]
for (const [asks, types, login, become] of cases)
  test(`${Object.keys(asks).join(' ')} ${types.join(' ')}`, async () => {
    const asker = answering(...types)
    const asked = await askPasswords({ ...nothing, ...asks }, asker)
    assert.equal([asked.password?.reveal(), asked.become.password?.reveal()], [login, become])
    assert.is(asker.questions.length, types.length)
  })

test('what is asked for is handed on with the rest', async () => {
  const wanted = { ...nothing, become: true, becomeUser: 'app', becomeMethod: 'su' } as const
  const { become } = await askPasswords(wanted, answering())
  assert.equal(become, { become: true, user: 'app', method: 'su', password: null })
})

test('an empty answer, and nobody to answer', async () => {
  const bad: readonly [asks: Partial<typeof nothing>, types: string[], message: RegExp][] = [
    [{ askPass: true }, [''], /^--ask-pass: an empty password; type it/],
    [{ askBecomePass: true }, [''], /^--ask-become-pass: an empty password/],
    [
      { askPass: true },
      [],
      /^--ask-pass: there is no terminal to ask on; put it into the inventory \(ansible_password/,
    ],
    [{ askBecomePass: true }, [], /^--ask-become-pass: there is no terminal .*\(ansible_become_password: !vault/],
  ]
  for (const [asks, types, message] of bad) {
    const error = await failure(askPasswords({ ...nothing, ...asks }, answering(...types)))
    assert.is(error.code, 4)
    assert.match(error.message, message)
  }
})

test.run()
