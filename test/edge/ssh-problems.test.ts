import { type Attempt, connectionProblem, lossOf } from '../../lib/edge/ssh-problems.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/ssh-problems')
const error = (message: string, more: { code?: string | number; level?: string } = {}) =>
  Object.assign(new Error(message), more)
const tried = ['/k/one', '2 keys of the agent']

const cases: readonly [error: Error, attempt: Partial<Attempt>, says: string][] = [
  [error('connect', { code: 'ECONNREFUSED' }), {}, 'the connection was refused: nothing listens on that port'],
  [error('no answer', { code: 'ETIMEDOUT' }), {}, 'no answer within 10 s'],
  [error('connect', { code: 'EHOSTUNREACH' }), {}, 'there is no route to the host'],
  [error('connect', { code: 'ENETUNREACH' }), {}, 'there is no route to the host'],
  [error('getaddrinfo', { code: 'ENOTFOUND' }), {}, 'its name was not found'],
  [error('getaddrinfo', { code: 'EAI_AGAIN' }), {}, 'its name was not found'],
  [error('bind', { code: 'EADDRNOTAVAIL' }), {}, 'this machine has no such address to connect from'],
  [
    error('All configured authentication methods failed', { level: 'client-authentication' }),
    { phase: 'login', tried },
    'the login was refused (tried: /k/one, 2 keys of the agent)',
  ],
  [
    error('All configured authentication methods failed', { level: 'client-authentication' }),
    { phase: 'login', missed: ["the user's certificates (CertificateFile)"] },
    "the login was refused (tried: no key; not there in Plinth: the user's certificates (CertificateFile))",
  ],
  [
    error('Too many authentication failures', { code: 2 }),
    { phase: 'login', tried },
    'the login was refused (tried: /k/one, 2 keys of the agent), and sshd took no further key',
  ],
  [error('x', { level: 'client-timeout' }), { phase: 'login' }, 'the login took longer than 10 s'],
  [error('x', { level: 'client-timeout' }), { phase: 'keys' }, 'the exchange of keys took longer than 10 s'],
  [
    error('x', { level: 'client-timeout' }),
    { phase: 'greeting' },
    'the port is open, but no SSH server has answered within 10 s',
  ],
  [
    error('Connection lost before handshake', { level: 'protocol' }),
    { phase: 'greeting' },
    'the host dropped the connection before it said anything',
  ],
  [error('closed'), { phase: 'keys' }, 'the host closed the connection while the keys were exchanged'],
  [error('read', { code: 'ECONNRESET' }), { phase: 'login' }, 'the host closed the connection during the login'],
  [
    error('Handshake failed: no matching host key format', { level: 'handshake' }),
    { phase: 'keys' },
    'there is no common host key format',
  ],
  [
    error('Handshake failed: no matching C->S MAC', { level: 'handshake' }),
    { phase: 'keys', offer: { 'C->S MAC': 'umac-64@openssh.com' } },
    'there is no common C->S MAC: it takes umac-64@openssh.com',
  ],
  [
    error('(SSH) Channel open failure: open failed'),
    { phase: 'shell' },
    'the login worked, but sshd starts no command ((SSH) Channel open failure: open failed)',
  ],
  [error('something new'), { phase: 'login' }, 'the connection failed: something new'],
]

for (const [thrown, attempt, says] of cases) {
  test(`${thrown.message} (${attempt.phase ?? 'connect'}): ${says}`, () => {
    const problem = connectionProblem('h1 (ops@h1:22)', thrown, {
      phase: 'connect',
      seconds: 10,
      user: 'ops',
      ...attempt,
    })
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
