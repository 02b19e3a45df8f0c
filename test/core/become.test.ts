import { becomeOf, becomeText } from '../../lib/core/become.ts'
import type { Become } from '../../lib/core/inventory.ts'
import { Secret } from '../../lib/core/secret.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/become')
const one = new Secret('1')
const two = new Secret('2')
const silent = { become: false, user: null, method: null, password: null }
const asked = { become: true, user: null, method: null, password: one }

type Written = Parameters<typeof becomeOf>[0]
type Defaults = Parameters<typeof becomeOf>[1]
const cases: readonly [
  name: string,
  written: Written,
  defaults: Defaults,
  login: string | null,
  become: Become | null,
][] = [
  ['nothing', {}, silent, 'ops', null],
  ['a user alone', { ansible_become_user: 'app' }, silent, 'ops', null],
  ['the inventory', { ansible_become: true }, silent, 'ops', { method: 'sudo', user: 'root', password: null }],
  ['the command line', {}, asked, 'ops', { method: 'sudo', user: 'root', password: one }],
  [
    'the inventory wins',
    { ansible_become_user: 'app', ansible_become_method: 'su', ansible_become_pass: two },
    { become: true, user: 'web', method: 'doas', password: one },
    'ops',
    { method: 'su', user: 'app', password: two },
  ],
  ['also when it says no', { ansible_become: false }, asked, 'ops', null],
  ['who is that user already', { ansible_become: true }, asked, 'root', null],
  ['who logs in as nobody knows whom', {}, asked, null, { method: 'sudo', user: 'root', password: one }],
  [
    'two names for the password',
    { ansible_become: true, ansible_become_password: two, ansible_become_pass: one },
    silent,
    'ops',
    { method: 'sudo', user: 'root', password: two },
  ],
]
for (const [name, written, defaults, login, become] of cases)
  test(name, () => {
    const found = becomeOf(written, defaults, login)
    assert.equal(found, become)
    assert.is(found?.password?.reveal(), become?.password?.reveal())
  })

test('in words for a plan', () => {
  const become = { method: 'sudo', user: 'app', password: null } as const
  assert.is(becomeText(become, 'deploy'), 'as app through sudo, logged in as deploy')
  assert.is(becomeText(become, null), 'as app through sudo')
})

test.run()
