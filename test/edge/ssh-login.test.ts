/** Logging in: every kind of key, the agent, passwords and what sshd asks, against a real sshd. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { type PlinthError, usageError } from '../../lib/core/error.ts'
import { Secret } from '../../lib/core/secret.ts'
import { type Credentials, usualMethods } from '../../lib/edge/credentials.ts'
import { Links } from '../../lib/edge/links.ts'
import { loginOf } from '../../lib/edge/ssh-login.ts'
import type { Asker } from '../../lib/edge/terminal.ts'
import { assert, suite } from '../kit.ts'
import { makeAccount } from './accounts.ts'
import { answering } from './askers.ts'
import { eventually, failure } from './channels.ts'
import { hopTo, publicKeyOf, type Sshd, startSshd, withSshd } from './sshd.ts'

const file = suite('edge/ssh-login')
/** RSA keys and refused passwords take their time, more of it on a busy machine. */
const test = (name: string, body: () => Promise<void>): void => file(name, body, { timeout: 40 })
const account = makeAccount('plinth-login')
const folder = mkdtempSync(join(tmpdir(), 'plinth-login-'))
let sshd: Sshd
file.before(async () => {
  sshd = await startSshd()
})
file.after(async () => {
  await sshd.stop()
  account.remove()
  rmSync(folder, { recursive: true, force: true })
})

const nothing: Credentials = {
  user: 'root',
  keyFiles: [],
  named: false,
  identitiesOnly: false,
  agent: null,
  password: null,
  methods: usualMethods,
  jump: false,
}

/** Logs in as a run would, says who it is, and leaves. */
async function logIn(
  { port, publicKeys: pins }: Pick<Sshd, 'port' | 'publicKeys'>,
  more: Partial<Credentials>,
  asker: Asker = answering(),
  loginSeconds = 20,
  name = 'h1',
): Promise<string> {
  const hop = hopTo(sshd, { name, port, trust: { pins }, credentials: { ...nothing, ...more } })
  const link = await new Links(asker).open([hop], { loginSeconds })
  try {
    return await new Promise<string>((resolve, reject) => {
      link.client.exec('id -un', (error, channel) => {
        if (error) return reject(error)
        let text = ''
        channel.on('data', (chunk: Buffer) => {
          text += chunk
        })
        channel.stderr.resume()
        // What the user's own .bashrc says, of logins beside this one for instance, comes before.
        channel.on('close', () => resolve(text.trim().split('\n').at(-1) ?? ''))
      })
    })
  } finally {
    link.hangUp()
  }
}

let made = 0
/** A key in `format` that this sshd lets in. */
function keyFor(own: Sshd, type = 'ed25519', { format = 'RFC4716', passphrase = '', allowed = true } = {}): string {
  const file = join(folder, `key-${made++}`)
  const bits = type === 'rsa' ? ['-b', '2048'] : []
  execFileSync('ssh-keygen', [
    '-q',
    '-a',
    '1',
    '-t',
    type,
    ...bits,
    '-m',
    format,
    '-N',
    passphrase,
    '-C',
    file,
    '-f',
    file,
  ])
  if (allowed) appendFileSync(join(own.folder, 'authorized_keys'), readFileSync(`${file}.pub`))
  return file
}

interface Agent {
  readonly socket: string
  readonly process: ChildProcess
  add(...keys: string[]): void
}

async function withAgent(body: (agent: Agent) => Promise<void>): Promise<void> {
  const socket = join(folder, `agent-${made++}`)
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  const ended = new Promise((resolve) => agent.once('exit', resolve))
  try {
    await eventually(() => existsSync(socket))
    const add = (...keys: string[]): void => {
      execFileSync('ssh-add', ['-q', ...keys], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
    }
    await body({ socket, process: agent, add })
  } finally {
    agent.kill('SIGKILL')
    await ended
  }
}

const refused = async (promise: Promise<unknown>, ...says: RegExp[]): Promise<PlinthError> => {
  const error = await failure(promise)
  for (const one of says) assert.match(error.message, one)
  assert.is(error.code, 3, error.message)
  return error
}

const attempts = (own: Sshd): number => own.log().match(/^(Failed|Accepted) /gm)?.length ?? 0

for (const [type, format] of [
  ['ed25519', 'RFC4716'],
  ['ecdsa', 'RFC4716'],
  ['ecdsa', 'PEM'],
  ['ecdsa', 'PKCS8'],
  ['rsa', 'RFC4716'],
  ['rsa', 'PEM'],
  ['rsa', 'PKCS8'],
] as const) {
  test(`a ${type} key in the format ${format}, bare and with a passphrase that is asked once`, async () => {
    assert.is(await logIn(sshd, { keyFiles: [keyFor(sshd, type, { format })], named: true }), 'root')
    const locked = keyFor(sshd, type, { format, passphrase: 'correct horse' })
    const asker = answering('wrong', 'correct horse')
    const both = await Promise.all([1, 2].map(() => logIn(sshd, { keyFiles: [locked] }, asker)))
    assert.equal(both, ['root', 'root'])
    assert.equal(asker.questions, [`Passphrase for ${locked}: `, `That is not it. Passphrase for ${locked}: `])
    rmSync(`${locked}.pub`)
    assert.is(await logIn(sshd, { keyFiles: [locked] }, answering('correct horse')), 'root', 'without its public half')
  })
}

test('an ed25519 key in PKCS8, as openssl makes it', async () => {
  const file = join(folder, 'pkcs8')
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file], { stdio: 'ignore' })
  chmodSync(file, 0o600)
  const text = readFileSync(file, 'utf8')
  const { readKeyFile } = await import('../../lib/edge/key-file.ts')
  const { blob } = await readKeyFile(file)
  appendFileSync(join(sshd.folder, 'authorized_keys'), `ssh-ed25519 ${blob!.toString('base64')}\n`)
  assert.match(text, /BEGIN PRIVATE KEY/)
  assert.is(await logIn(sshd, { keyFiles: [file], named: true }), 'root')
})

test('a passphrase: three tries, none given, nobody to ask; the other keys still count', async () => {
  const locked = keyFor(sshd, 'ed25519', { passphrase: 'correct horse' })
  const wrong = answering('a', 'b', 'c', 'correct horse')
  await refused(logIn(sshd, { keyFiles: [locked] }, wrong), /passed over: \S+ \(three times a wrong passphrase\)/)
  assert.is(wrong.questions.length, 3)
  await refused(logIn(sshd, { keyFiles: [locked] }, wrong), /three times/)
  assert.is(wrong.questions.length, 3, 'not asked again')
  await refused(logIn(sshd, { keyFiles: [locked] }, answering('')), /\(its passphrase was not given\)/)
  await refused(
    logIn(sshd, { keyFiles: [locked], named: true }),
    /it needs a passphrase, and there is no terminal to ask on\).*; load the key into an agent \(ssh-add FILE\)/,
  )
  assert.is(await logIn(sshd, { keyFiles: [locked, keyFor(sshd)] }), 'root')
  const stranger = keyFor(sshd, 'ed25519', { passphrase: 'x y z z y', allowed: false })
  const asker = answering('x y z z y')
  await refused(logIn(sshd, { keyFiles: [stranger] }, asker), /the login was refused/)
  assert.equal(asker.questions, [], 'a key that sshd does not want is not worth a question')
})

test('keys that cannot be used are named', async () => {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const none = join(folder, 'none')
  const token = file('token', opensshKey('sk-ssh-ed25519@openssh.com'))
  const dsa = file('dsa', opensshKey('ssh-dss'))
  const key = keyFor(sshd, 'ed25519', { allowed: false })
  const cases: readonly [path: string, message: RegExp][] = [
    [none, /^h1 \(\S+\): the key \S+none can't be used: there is no such file; name a private key/],
    [file('garbage', 'not a key'), /can't be used: it is not a private key; /],
    [`${key}.pub`, /can't be used: it is not a private key: a public key; /],
    [folder, /can't be used: it can't be read: EISDIR/],
    [token, /can't be used: keys on a security token \(sk-ssh-ed25519@openssh\.com\) can't be used here/],
    [dsa, /can't be used: ssh-dss is no kind of key/],
  ]
  for (const [path, message] of cases) await refused(logIn(sshd, { keyFiles: [path], named: true }), message)
  await refused(
    logIn(sshd, { keyFiles: [none, token] }),
    /there is no key to log in with: no agent, none of .*none, .*token; passed over: .*token \(keys on a security token/,
  )
  writeFileSync(`${key}-cert.pub`, 'ssh-ed25519-cert-v01@openssh.com AAAA')
  await refused(
    logIn(sshd, { keyFiles: [key] }),
    /the login was refused \(tried: \S+; passed over: \S+-cert\.pub \(certificates can't be used here\)\); sshd goes on with publickey; add the public key to ~root/,
  )
})

test('the agent: its keys, those of files first, only those with IdentitiesOnly', () =>
  withAgent(async ({ socket, add }) => {
    await refused(logIn(sshd, { agent: socket }), /no key to log in with.*the agent \(it shows no keys/)
    const good = keyFor(sshd, 'ecdsa')
    const others = Array.from({ length: 8 }, () => keyFor(sshd, 'ed25519', { allowed: false }))
    add(...others, good, keyFor(sshd, 'rsa'))
    const tooMany = await refused(logIn(sshd, { agent: socket }), /no further attempt after 6 keys/)
    assert.match(tooMany.message, /\(tried: 6 keys of the agent\).*IdentitiesOnly yes.*IdentityFile/)
    rmSync(good)
    for (const more of [{}, { identitiesOnly: true }, { named: true }, { identitiesOnly: true, pub: '.pub' }]) {
      const { pub = '', ...how } = more
      assert.is(await logIn(sshd, { agent: socket, keyFiles: [`${good}${pub}`], ...how }), 'root', JSON.stringify(more))
    }
    await refused(
      logIn(sshd, { agent: socket, keyFiles: [others[0]!], identitiesOnly: true }),
      /the login was refused \(tried: \S+\);/,
    )
    await refused(logIn(sshd, { agent: socket, keyFiles: [others[0]!], named: true }), /refused \(tried: \S+\);/)
  }))

test('a key with a passphrase that the agent holds asks nobody', () =>
  withAgent(async ({ socket, add }) => {
    const key = keyFor(sshd)
    add(key)
    execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-N', 'correct horse', '-f', key], { stdio: 'ignore' })
    assert.is(await logIn(sshd, { agent: socket, keyFiles: [key], named: true }), 'root')
    await refused(logIn(sshd, { keyFiles: [key] }), /needs a passphrase/)
  }))

test('RSA keys of the agent sign with SHA-2', () =>
  withAgent(async ({ socket, add }) => {
    add(keyFor(sshd, 'rsa'))
    assert.is(await logIn(sshd, { agent: socket }), 'root')
    // What ssh2 asks for where sshd names no signatures it takes: SHA-1.
    const login = await loginOf('h1', { ...nothing, agent: socket }, answering())
    login.deadline.start(10, () => {})
    const ways: unknown[] = []
    const next = (way: unknown): void => void ways.push(way)
    login.handler(['publickey'] as never, false, next)
    await eventually(() => ways.length === 1)
    const signatures: unknown[] = []
    const { agent } = ways[0] as { agent: ssh2.BaseAgent }
    agent.sign('', Buffer.from('x'), { hash: 'sha1' }, (_error, signature) => void signatures.push(signature))
    await eventually(() => ways.length === 2)
    assert.equal([ways[1], signatures], [false, []])
    assert.match(login.problemOf(new Error())!.message, /SHA-1 signatures only, which are off/)
    login.deadline.end()
  }))

test('an agent that is dead, frozen, locked or says no is named, and the next key is tried', () =>
  withAgent(async ({ socket, process: agent, add }) => {
    const key = keyFor(sshd)
    const other = keyFor(sshd, 'ed25519', { allowed: false })
    const asking = keyFor(sshd)
    add('-c', asking)
    const refusing = await refused(logIn(sshd, { agent: socket, keyFiles: [other] }), /the login was refused/)
    assert.match(refusing.message, /passed over: the agent's \S+ \(the agent refused to sign\)/)
    rmSync(asking)
    assert.is(await logIn(sshd, { agent: socket, keyFiles: [`${asking}.pub`, key] }), 'root')
    const dead = join(folder, 'no agent')
    assert.is(await logIn(sshd, { agent: dead, keyFiles: [key] }), 'root')
    await refused(logIn(sshd, { agent: dead, keyFiles: [other] }), /the agent, which is not there.*: \S+no agent\)/)
    writeFileSync(dead, '')
    await refused(logIn(sshd, { agent: dead, keyFiles: [other] }), /the agent, which is (dead|not there)/)
    agent.kill('SIGSTOP')
    await refused(logIn(sshd, { agent: socket, keyFiles: [other] }), /the agent, which does not answer/)
    agent.kill('SIGCONT')
  }))

const pam = { config: ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication no'] }
const plain = { config: ['UsePAM no', 'KbdInteractiveAuthentication no', 'PasswordAuthentication yes'] }
const user = account.name
const right = new Secret(account.password)
const wrong = new Secret('wrong-canary')

for (const [name, options] of [
  ['keyboard-interactive', pam],
  ['password', plain],
  ['both', { config: ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication yes'] }],
] as const) {
  test(`a password by ${name}: the right one; a wrong one is tried once in a run`, () =>
    withSshd(options, async (own) => {
      const key = keyFor(own, 'ed25519', { allowed: false })
      assert.is(await logIn(own, { user, password: right }), user)
      assert.is(await logIn(own, { user, password: right, keyFiles: [key] }), user)
      const before = attempts(own)
      const asker = answering()
      const error = await refused(
        logIn(own, { user, password: wrong }, asker),
        /the password of plinth-login was refused \(tried: the password\); correct it \(ansible_password/,
      )
      assert.not(/canary/.test(JSON.stringify(error) + error.stack), 'a password in an error')
      await refused(logIn(own, { user, password: wrong }, asker), /no key to log in with|password/)
      await eventually(() => attempts(own) > before)
      const failed = own.log().match(/^Failed (password|keyboard-interactive\S*) for plinth-login/gm)
      assert.is(failed?.length, 1, own.log())
    }))
}

test('a password does not wait behind a crowd of keys, and keys are found behind it', () =>
  withAgent(async ({ socket, add }) => {
    const options = { config: [...plain.config, 'MaxAuthTries 4'] }
    await withSshd(options, async (own) => {
      const keys = Array.from({ length: 8 }, () => keyFor(own, 'ed25519', { allowed: false }))
      add(...keys)
      assert.is(await logIn(own, { user, password: right, agent: socket }), user)
    })
    await withSshd({}, async (own) => {
      add(keyFor(own))
      const found = await logIn(own, { agent: socket, keyFiles: [], password: right, methods: usualMethods }).catch(
        (error) => error,
      )
      assert.match(String(found), /no further attempt after 6 keys/)
    })
    await withSshd({ config: ['MaxAuthTries 20'] }, async (own) => {
      add(keyFor(own))
      assert.is(await logIn(own, { agent: socket, password: right }), 'root')
    })
  }))

test('a key and a password: both are wanted, in either order', async () => {
  const both = [...pam.config, 'AuthenticationMethods publickey,keyboard-interactive']
  // sshd reads authorized_keys as the user who logs in.
  const open = (own: Sshd): void => chmodSync(own.folder, 0o755)
  await withSshd({ config: both }, async (own) => {
    open(own)
    const good = keyFor(own)
    const bad = keyFor(own, 'ed25519', { allowed: false })
    const key = { user, keyFiles: [bad, good, bad] }
    assert.is(await logIn(own, { ...key, password: right }), user)
    const asker = answering(account.password)
    assert.is(await logIn(own, key, asker), user)
    assert.match(asker.questions[0]!, /^h1 \(\S+\): Password: $/)
    await refused(logIn(own, key), /there is no terminal to ask on; sshd there asks "Password:": run it on a terminal/)
    await refused(
      logIn(own, { ...key, password: wrong }),
      /password of \S+ was refused \(tried: \S+, \S+, the password\)/,
    )
  })
  const turned = [...pam.config, 'AuthenticationMethods keyboard-interactive,publickey']
  await withSshd({ config: turned }, async (own) => {
    open(own)
    assert.is(await logIn(own, { user, keyFiles: [keyFor(own)], password: right }), user)
  })
  const two = ['AuthenticationMethods publickey,publickey']
  await withSshd({ config: two }, async (own) => {
    assert.is(await logIn(own, { keyFiles: [keyFor(own), keyFor(own)] }), 'root')
  })
  const third = [...plain.config, 'AuthenticationMethods publickey,password']
  await withSshd({ config: third }, async (own) => {
    open(own)
    assert.is(await logIn(own, { user, keyFiles: [keyFor(own)] }, answering(account.password)), user)
  })
})

test('an expired password is named, and no new one is given', () =>
  withSshd(pam, async (own) => {
    account.expire()
    await refused(
      logIn(own, { user, password: right }, answering('new', 'new')),
      /its password has expired, and sshd asks for a new one \(".*"\); log in by hand/,
    )
    execFileSync('chage', ['--lastday', '20000', user])
  }))

interface Question {
  readonly prompt: string
  readonly echo?: boolean
}

/** A server of ssh2, for what no sshd at hand does. */
async function withServer(
  authenticate: (ctx: ssh2.AuthContext, client: ssh2.Connection) => void,
  body: (server: Pick<Sshd, 'port' | 'publicKeys'>) => Promise<void>,
): Promise<void> {
  const clients: ssh2.Connection[] = []
  const server = new ssh2.Server({ hostKeys: [readFileSync(sshd.key)] }, (client) => {
    clients.push(client)
    client.on('error', () => {})
    client.on('authentication', (ctx) => authenticate(ctx, client))
    client.on('session', (accept) => {
      accept().on('exec', (ok) => {
        const channel = ok()
        channel.write('in\n')
        channel.exit(0)
        channel.end()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await eventually(() => server.address() !== null)
  try {
    const { port } = server.address() as { port: number }
    await body({ port, publicKeys: [publicKeyOf(sshd.key)] })
  } finally {
    const closed = new Promise((resolve) => server.close(resolve))
    // A test that fails leaves logins open, and it would wait for them.
    for (const client of clients) client.end()
    await closed
  }
}

/** Asks its rounds of questions one after the other, and lets in whoever answers. */
const asking =
  (seen: string[][], ...rounds: (readonly Question[])[]) =>
  (ctx: ssh2.AuthContext): void => {
    if (ctx.method !== 'keyboard-interactive') {
      ctx.reject(['keyboard-interactive'])
      return
    }
    const round = (index: number): void => {
      const questions = rounds[index]
      if (!questions) ctx.accept()
      else
        ctx.prompt([...questions] as ssh2.Prompt[], 'Title\u001b[2J', (...answers: unknown[]) => {
          seen.push(answers.flat() as string[])
          round(index + 1)
        })
    }
    round(0)
  }

/** Wants a key first, and then what `dialogue` wants. */
const afterKey = (
  dialogue: (ctx: ssh2.AuthContext) => void,
): ((ctx: ssh2.AuthContext, client: ssh2.Connection) => void) => {
  const keyed = new WeakSet<ssh2.Connection>()
  return (ctx, client) => {
    if (keyed.has(client)) return dialogue(ctx)
    if (ctx.method !== 'publickey') return ctx.reject(['publickey'])
    if (!ctx.signature) return ctx.accept()
    keyed.add(client)
    ctx.reject(['keyboard-interactive'], true)
  }
}

const dialogues: readonly {
  readonly name: string
  /** A key is accepted first. */
  readonly keyed?: true
  readonly rounds: (readonly Question[])[]
  readonly types?: readonly string[]
  readonly gives?: readonly (readonly string[])[]
  readonly asks?: readonly string[]
  readonly says?: RegExp
}[] = [
  { name: 'a password by another name', rounds: [[{ prompt: '口令: ' }]], gives: [['pass-canary']] },
  { name: 'nothing at all', rounds: [[], [{ prompt: 'Password:' }]], gives: [[], ['pass-canary']] },
  {
    name: 'a password and then a code',
    rounds: [[{ prompt: 'Password:' }], [{ prompt: 'Code: ' }]],
    types: ['123456'],
    gives: [['pass-canary'], ['123456']],
    asks: ['h1: Title [2J: Code: '],
  },
  {
    name: 'a code, and repeats the password in it',
    rounds: [[{ prompt: 'Password:' }], [{ prompt: 'pass-canary taken. Code: ' }]],
    gives: [['pass-canary']],
    says: /^h1 \(\S+\): there is no terminal to ask on; sshd there asks "\*\*\* taken\. Code:": run it on a terminal/,
  },
  {
    name: 'two things at once, one of them shown',
    rounds: [[{ prompt: 'Token name: ', echo: true }, { prompt: 'PIN: ' }]],
    types: ['t1', '99'],
    gives: [['t1', '99']],
    asks: ['h1: Title [2J: Token name: ', 'h1: PIN: '],
  },
  {
    name: 'a code, and nobody is there',
    rounds: [[{ prompt: 'Password:' }], [{ prompt: 'Code: ' }]],
    gives: [['pass-canary']],
    says: /^h1 \(\S+\): there is no terminal to ask on; sshd there asks "Code:": run it on a terminal/,
  },
  {
    name: 'a code before the password',
    rounds: [[{ prompt: 'Verification code: ' }], [{ prompt: 'Password: ' }]],
    types: ['123456'],
    gives: [['123456'], ['pass-canary']],
    asks: ['h1: Title [2J: Verification code: '],
  },
  {
    name: 'a code in another language, before the password',
    rounds: [[{ prompt: '安全码: ' }], [{ prompt: 'Heslo: ' }]],
    types: ['123456'],
    gives: [['123456'], ['pass-canary']],
    asks: ['h1: Title [2J: 安全码: '],
  },
  {
    name: 'a code by the name of a password, after a key',
    keyed: true,
    rounds: [[{ prompt: 'Dynamic password: ' }]],
    types: ['123456'],
    gives: [['123456']],
    asks: ['h1: Title [2J: Dynamic password: '],
  },
  {
    name: 'a code after a key',
    keyed: true,
    rounds: [[{ prompt: 'Verification code: ' }]],
    types: ['123456'],
    gives: [['123456']],
    asks: ['h1: Title [2J: Verification code: '],
  },
  {
    name: 'what nobody knows after a key',
    keyed: true,
    rounds: [[{ prompt: 'Enter the word of the day: ' }]],
    types: ['rain'],
    gives: [['rain']],
    asks: ['h1: Title [2J: Enter the word of the day: '],
  },
  { name: 'a password after a key', keyed: true, rounds: [[{ prompt: '密码：' }]], gives: [['pass-canary']] },
  {
    name: 'a code after a key, and nobody is there',
    keyed: true,
    rounds: [[{ prompt: '动态密码：' }]],
    says: /^h1 \(\S+\): there is no terminal to ask on; sshd there asks "动态密码：": run it on a terminal/,
  },
  {
    name: 'a new password',
    rounds: [[{ prompt: 'Password:' }], [{ prompt: 'New password:' }, { prompt: 'Retype new password:' }]],
    types: ['x', 'y'],
    gives: [['pass-canary']],
    says: /its password has expired, and sshd asks for a new one \("Title \[2J New password:/,
  },
]
for (const { name, keyed, rounds, types = [], gives = [], asks = [], says } of dialogues) {
  test(`sshd asks for ${name}`, async () => {
    const seen: string[][] = []
    const dialogue = asking(seen, ...rounds)
    const server = keyed ? afterKey(dialogue) : dialogue
    await withServer(server, async (server) => {
      const asker = answering(...types)
      const keyFiles = keyed ? [keyFor(sshd)] : []
      const login = logIn(server, { keyFiles, password: new Secret('pass-canary') }, asker)
      if (says) await refused(login, says)
      else assert.is(await login, 'in')
      assert.equal(seen, gives)
      assert.equal(
        asker.questions.map((question) => question.replace(/ \(\S+\)/, '')),
        asks,
      )
    })
  })
}

test('a password that must be changed, said in reply to the password itself', () =>
  withServer(
    (ctx) => {
      if (ctx.method !== 'password') return ctx.reject(['password'])
      ctx.requestChange('Your password has expired', () => ctx.accept())
    },
    async (server) => {
      await refused(logIn(server, { password: new Secret('pass') }), /its password has expired/)
    },
  ))

const crowd = Array.from({ length: 12 }, (_, index) => `h${index + 1}`)

for (const [name, options] of [
  ['keyboard-interactive', pam],
  ['password', plain],
] as const) {
  test(`a wrong password by ${name} is tried at two hosts of a crowd, and is no reason not to try another`, () =>
    withSshd(options, async (own) => {
      const asker = answering()
      const errors = await Promise.all(
        crowd.map((host) => failure(logIn(own, { user, password: wrong }, asker, 20, host))),
      )
      const texts = errors.map(({ message }) => message)
      assert.is(texts.filter((text) => /the password of plinth-login was refused/.test(text)).length, 2)
      const untried =
        /^h\d+ \(\S+\): the password is not tried here: h\d+ and h\d+ refused it; correct it \(ansible_password, or what is typed for -k\): more wrong tries might lock/
      assert.is(texts.filter((text) => untried.test(text)).length, 10, texts.join('\n'))
      for (const { code } of errors) assert.is(code, 3)
      assert.not.match(texts.join(), /canary/)
      await eventually(() => attempts(own) >= 2)
      assert.is(attempts(own), 2, own.log())
      const others = ['h13', 'h14'].map((host) => logIn(own, { user, password: right }, asker, 20, host))
      assert.equal(await Promise.all(others), [user, user])
    }))
}

test('a password is tried at one host at a time until one has accepted it, and then at all; keys wait for nobody', async () => {
  const tries: { ctx: ssh2.AuthContext; client: ssh2.Connection }[] = []
  const server = (ctx: ssh2.AuthContext, client: ssh2.Connection): void => {
    if (ctx.method === 'password') tries.push({ ctx, client })
    else if (ctx.method === 'publickey') ctx.accept()
    else ctx.reject(['password', 'publickey'])
  }
  await withServer(server, async (at) => {
    const asker = answering()
    const password = new Secret('pass')
    const hosts = crowd.slice(0, 7)
    const logins = hosts.map((host) => logIn(at, { password }, asker, 20, host).catch((error) => error as PlinthError))
    await eventually(() => tries.length === 1)
    assert.is(await logIn(at, { password, keyFiles: [keyFor(sshd)] }, asker, 20, 'h8'), 'in', 'a key')
    assert.is(tries.length, 1, 'one at a time')
    tries[0]!.client.end()
    await eventually(() => tries.length === 2)
    tries[1]!.ctx.reject(['password'])
    await eventually(() => tries.length === 3)
    tries[2]!.ctx.accept()
    await eventually(() => tries.length === hosts.length)
    for (const { ctx } of tries.slice(3)) ctx.accept()
    const ends = await Promise.all(logins)
    assert.is(ends.filter((end) => end === 'in').length, 5, String(ends))
  })
})

test('a host that hangs up while it waits for its turn is called again, and tries the password but once', async () => {
  const tries: { ctx: ssh2.AuthContext; client: ssh2.Connection }[] = []
  const clients = new Set<ssh2.Connection>()
  const server = (ctx: ssh2.AuthContext, client: ssh2.Connection): void => {
    clients.add(client)
    if (ctx.method === 'password') tries.push({ ctx, client })
    else ctx.reject(['password'])
  }
  await withServer(server, async (at) => {
    const asker = answering()
    const logins = ['h1', 'h2', 'h3'].map((host) =>
      logIn(at, { password: new Secret('pass') }, asker, 20, host).catch((error) => error as PlinthError),
    )
    await eventually(() => tries.length === 1 && clients.size === 3)
    // As sshd does when its LoginGraceTime has passed.
    for (const client of clients) if (client !== tries[0]!.client) client.end()
    await eventually(() => clients.size === 5)
    assert.is(tries.length, 1)
    tries[0]!.ctx.reject(['password'])
    await eventually(() => tries.length === 2)
    tries[1]!.ctx.accept()
    await eventually(() => tries.length === 3)
    tries[2]!.ctx.accept()
    const ends = (await Promise.all(logins)).map(String)
    assert.is(ends.filter((end) => end === 'in').length, 2, ends.join('\n'))
  })
})

test('a code that a person has mistyped refuses no password', () => {
  const server = (ctx: ssh2.AuthContext): void => {
    const refuse = (): void => ctx.reject(['keyboard-interactive'])
    if (ctx.method !== 'keyboard-interactive') refuse()
    else ctx.prompt([{ prompt: 'Password:' }], () => ctx.prompt([{ prompt: 'Code: ' }], refuse))
  }
  return withServer(server, async (at) => {
    const asker = answering('1', '2', '3')
    for (const host of ['h1', 'h2', 'h3']) {
      const { message } = await failure(logIn(at, { password: new Secret('pass') }, asker, 20, host))
      assert.not.match(message, /not tried here/)
    }
    assert.is(asker.questions.length, 3)
  })
})

test('a code is no reason to try a password nowhere else', () =>
  withServer(
    (ctx) => {
      if (ctx.method !== 'keyboard-interactive') ctx.reject(['keyboard-interactive'])
      else ctx.prompt([{ prompt: "One-time password (OATH) for `root': " }], () => ctx.reject(['keyboard-interactive']))
    },
    async (at) => {
      const asker = answering('1', '2', '3')
      for (const host of ['h1', 'h2', 'h3']) {
        const { message } = await failure(logIn(at, { password: new Secret('pass') }, asker, 20, host))
        assert.match(message, /an answer of root was refused \(tried: what was typed\)/)
      }
      assert.is(asker.questions.length, 3)
    },
  ))

/** A person who has not answered yet. Each question stays until nobody waits for its answer, or its answer is given. */
function thinking(): Asker & { readonly open: string[]; answer(text: string): void } {
  const open: string[] = []
  let give = (_: string): void => {}
  const line: Asker['line'] = (question, _otherwise, interrupted) =>
    new Promise<string>((answer, reject) => {
      open.push(question)
      give = answer
      interrupted?.addEventListener('abort', () => reject(usageError({ where: 'x', what: 'gone', remedy: 'y' })))
    }).finally(() => open.splice(open.indexOf(question), 1))
  return {
    open,
    answer: (text) => give(text),
    line,
    secret: async (...asked) => new Secret(await line(...asked)),
  }
}

test('what sshd asks is asked no more once it has hung up', async () => {
  for (const echo of [false, true]) {
    const asker = thinking()
    const hang: ssh2.Connection[] = []
    await withServer(
      (ctx, client) => {
        if (ctx.method !== 'keyboard-interactive') return ctx.reject(['keyboard-interactive'])
        hang.push(client)
        ctx.prompt([{ prompt: 'Code: ', echo }], () => ctx.accept())
      },
      async (at) => {
        const login = refused(logIn(at, { password: new Secret('pass') }, asker), /sshd did not wait for the answer/)
        await eventually(() => asker.open.length === 1)
        for (const client of hang) client.end()
        await login
        assert.equal(asker.open, [])
      },
    )
  }
})

test('a passphrase is asked for as long as one of the logins waits that want the key, and then for the next', async () => {
  const asker = thinking()
  const key = keyFor(sshd, 'ed25519', { passphrase: 'correct horse' })
  const hang: ssh2.Connection[] = []
  await withServer(
    (ctx, client) => {
      if (ctx.method !== 'publickey') return ctx.reject(['publickey'])
      if (ctx.signature) return ctx.accept()
      hang.push(client)
      ctx.accept()
    },
    async (at) => {
      const begin = (name: string): Promise<string> => logIn(at, { keyFiles: [key], named: true }, asker, 20, name)
      const given = /sshd did not wait for the answer/
      const question = `Passphrase for ${key}: `
      const logins = ['h1', 'h2'].map(async (name) => refused(begin(name), given))
      await eventually(() => hang.length === 2 && asker.open.length === 1)
      hang[0]!.end()
      await Promise.race(logins)
      // The other may come to it only now: then it is asked anew.
      await eventually(() => asker.open.length === 1)
      assert.equal(asker.open, [question])
      hang[1]!.end()
      await Promise.all(logins)
      assert.equal(asker.open, [])
      const third = begin('h3')
      await eventually(() => asker.open.length === 1)
      asker.answer('correct horse')
      assert.is(await third, 'in')
    },
  )
})

test('the time of a login stands still while a person types, and only then', () =>
  withServer(asking([], [{ prompt: 'Code: ' }, { prompt: 'Code: ' }]), async (server) => {
    const slow: Asker = {
      secret: async () => {
        await new Promise((resolve) => setTimeout(resolve, 700))
        return new Secret('1')
      },
      line: async () => '1',
    }
    assert.is(await logIn(server, { password: new Secret('pass') }, slow, 0.6), 'in')
    await withServer(
      () => {},
      async (silent) => {
        await refused(logIn(silent, { password: new Secret('pass') }, slow, 0.6), /the login took longer than 0\.6 s/)
      },
    )
  }))

/** The head of an OpenSSH private key of some type: as far as it is read before the type is refused. */
function opensshKey(type: string): string {
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    return Buffer.concat([length, Buffer.from(text)])
  }
  const blob = field(type).toString('latin1')
  const count = Buffer.from([0, 0, 0, 1])
  const data = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    count,
    field(blob),
  ])
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${data.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
}

file.run()
