import { connectionProblem, lossOf } from '../../lib/edge/ssh-problems.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/ssh-problems')
const error = (message: string, more: { code?: string | number; level?: string } = {}) =>
  Object.assign(new Error(message), more)
const attempt = { connectSeconds: 10, loginSeconds: 20, tried: ['/k/one', '2 keys of the agent'], user: 'ops' }

const cases: readonly [error: Error, says: string][] = [
  [error('connect', { code: 'ECONNREFUSED' }), 'the connection was refused: nothing listens on that port'],
  [error('no answer', { code: 'ETIMEDOUT' }), 'no answer within 10 s'],
  [error('connect', { code: 'EHOSTUNREACH' }), 'there is no route to the host'],
  [error('connect', { code: 'ENETUNREACH' }), 'there is no route to the host'],
  [error('getaddrinfo', { code: 'ENOTFOUND' }), 'its name was not found'],
  [error('getaddrinfo', { code: 'EAI_AGAIN' }), 'its name was not found'],
  [
    error('All configured authentication methods failed', { level: 'client-authentication' }),
    'the login was refused (tried: /k/one, 2 keys of the agent)',
  ],
  [
    error('Too many authentication failures', { code: 2 }),
    'the login was refused (tried: /k/one, 2 keys of the agent), and sshd took no further key',
  ],
  [error('agent refused operation', { level: 'agent' }), 'the agent did not sign: agent refused operation'],
  [error('Timed out while waiting for handshake', { level: 'client-timeout' }), 'the login took longer than 20 s'],
  [
    error('Connection lost before handshake', { level: 'protocol' }),
    'the host dropped the connection before it said anything',
  ],
  [error('read ECONNRESET', { code: 'ECONNRESET' }), 'the host dropped the connection before it said anything'],
  [
    error('Handshake failed: no matching host key format', { level: 'handshake' }),
    'there is no common algorithm (Handshake failed: no matching host key format)',
  ],
  [
    error('(SSH) Channel open failure: open failed'),
    'the login worked, but sshd starts no command ((SSH) Channel open failure: open failed)',
  ],
  [error('something new'), 'the connection failed: something new'],
]

for (const [thrown, says] of cases) {
  test(`${thrown.message}: ${says}`, () => {
    const problem = connectionProblem('h1 (ops@h1:22)', thrown, attempt)
    assert.is(problem.code, 3)
    assert.is(problem.problems[0]!.what, says)
    assert.match(problem.message, /^h1 \(ops@h1:22\): .*; .+[^.]$/s)
  })
}

test('why a connection was lost later', () => {
  assert.is(lossOf(error('Keepalive timeout', { level: 'client-timeout' })), 'the host gave no sign of life')
  assert.is(lossOf(error('read ECONNRESET', { code: 'ECONNRESET' })), 'the connection was cut (ECONNRESET)')
  assert.is(lossOf(error('Bad packet length')), 'the connection failed (Bad packet length)')
})

test.run()
