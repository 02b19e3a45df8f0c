/** Secrets in texts and scripts: what would be written as `***`, or as `undefined`, is refused where it is made. */
import { inspect } from 'node:util'
import { PlinthError } from '../../lib/core/error.ts'
import { lines, Script, sh } from '../../lib/core/script.ts'
import { Secret, secretText } from '../../lib/core/secret.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/secret')

const password = new Secret('correct horse')
const nothing = undefined as unknown as string

/** What a mistake is refused with, without the place, which is in this file. */
function refused(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    assert.is(error.code, 4)
    assert.match(error.message, /^\/.*\/test\/core\/secret\.test\.ts:\d+:\d+: /)
    return error.problems.map(({ what, remedy }) => `${what}; ${remedy}`).join('\n')
  }
  return 'nothing was refused'
}

test('a Secret never becomes a text by itself', () => {
  const wanted =
    'a Secret was made part of a text, which would say *** in its place; ' +
    'write the text as secretText`…` of plinth; where it must be plain, reveal(…)'
  const ways: readonly (() => unknown)[] = [
    () => `password=${password}`,
    () => `password=${password as unknown as string}`.length,
    () => 'password='.concat(password as unknown as string),
    () => String(password),
    () => password.toString(),
    () => [password].join(','),
  ]
  for (const way of ways) assert.is(refused(way), wanted)
})

test('in JSON and in dumps it is ***', () => {
  assert.is(JSON.stringify({ password }), '{"password":"***"}')
  assert.is(inspect({ password }), '{ password: *** }')
})

test('a text with a secret is a secret', () => {
  const text = secretText`user=${'app'}\nport=${3306}\npassword=${password}\n`
  assert.ok(text instanceof Secret)
  assert.is(text.reveal(), 'user=app\nport=3306\npassword=correct horse\n')
  assert.is(secretText`<${text}>`.reveal(), `<${text.reveal()}>`, 'of such texts too')
  assert.is(secretText`C:\\${'$&'}`.reveal(), 'C:\\$&', 'nothing in it means anything')
})

for (const [value, kind] of [
  [undefined, 'undefined'],
  [null, 'null'],
  [['a'], 'a list'],
  [{}, 'an object'],
] as const)
  test(`a text with a secret has no room for ${kind}`, () =>
    assert.is(
      refused(() => secretText`a${password}b${value as unknown as string}`),
      `value 2 in it is ${kind}; give a text, a number or a Secret`,
    ))

const forms = 'give text, numbers or a Script; a secret goes by the input of the step'
for (const [name, make, what] of [
  ['undefined', () => sh`rm -rf -- ${nothing}`, `value 1 of the script is undefined; ${forms}`],
  ['a Secret', () => sh`echo ${'a'} ${password as unknown as string}`, `value 2 of the script is a Secret; ${forms}`],
  [
    'undefined in a list',
    () => sh`rm -- ${['a', nothing]}`,
    `value 1 of the script is a list that has more than words; ${forms}`,
  ],
  ['a line that is none', () => lines('a', nothing), 'line 2 of the script is undefined; give text or a Script'],
  [
    'a Secret as a line',
    () => lines(password as unknown as string),
    'line 1 of the script is a Secret; give text or a Script',
  ],
] as const)
  test(`no script has ${name} in it`, () => assert.is(refused(make), what))

test('scripts are made of text, numbers, lists and scripts', () => {
  assert.is(lines(sh`kill ${[1, 'a b']} ${new Script('"$x"')}`, 'b').text, `kill 1 'a b' "$x"\nb`)
})

test.run()
