/**
 * No secret comes out anywhere: seven of them, given in every way there is, are looked for in everything that a run leaves
 * or shows, on both sides, after success and after every kind of failure. The run is a real one: over sshd on loopback,
 * logged in with a password, as root through sudo. Then each sink is made to leak, to prove that it would be seen.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { inlineValue } from '../../lib/edge/vault-inline.ts'
import { type Account, makeAccount } from '../edge/accounts.ts'
import { freePort, type Sshd, startSshd } from '../edge/sshd.ts'
import { assert, suite } from '../kit.ts'
import { contentsOf, leaks, looks, type Process, processesIn, processesNow, type Sinks } from './sinks.ts'

const test = suite('canary')
const root = join(import.meta.dirname, '../..')
const slow = { timeout: 120 }

/** Long enough that nothing else has it, and with what a careless quote would break on. */
const canary = (way: string): string => `canary-${way}-${randomBytes(9).toString('hex')}-'"$x`
const canaries = {
  vault: `canary-vault-${randomBytes(12).toString('hex')}`,
  command: canary('command'),
  environment: canary('env'),
  token: `canary-token-${randomBytes(12).toString('hex')}`,
  database: canary('database'),
  login: `canary-login-${randomBytes(9).toString('hex')}`,
  become: `canary-become-${randomBytes(9).toString('hex')}`,
  'vault password': canary('password'),
}

const folder = mkdtempSync(join(tmpdir(), 'plinth-canary-'))
const key = new VaultKey(canaries['vault password'])
const host = join(folder, 'host')
const out = join(folder, 'out')
const temporary = join(folder, 'tmp')
const home = join(folder, 'home')
let sshd: Sshd
let account: Account
let service: Server
let refusing: { readonly port: number; close(): void }
const children = new Set<ChildProcess>()

/** What the host has for itself: its notes, its logs, who may use sudo, and a logger in the place of a journal. */
const mounts = `
for d in /run /var/lib/plinth /var/log/plinth /etc/sudoers.d; do mkdir -p $d; mount -t tmpfs -o mode=755 tmpfs $d; done
mkdir -p /run/sshd /run/lock
printf '%s ALL=(root) ALL\\n' plinth-canary >/etc/sudoers.d/canary; chmod 440 /etc/sudoers.d/canary
printf '#!/bin/sh\\necho "$*" >>/var/log/plinth/journal\\n' >/run/logger; chmod 755 /run/logger
if [ -e /usr/bin/logger ]; then mount --bind /run/logger /usr/bin/logger; fi`

test.before(async () => {
  for (const path of [host, out, temporary, home]) mkdirSync(path, { mode: 0o700 })
  chmodSync(folder, 0o755)
  account = makeAccount('plinth-canary', canaries.login)
  // The login and sudo ask for the same account's password; the wrong one of a failed sudo is a canary of its own.
  sshd = await startSshd({ config: ['PasswordAuthentication yes', 'UsePAM no'], mounts })
  service = createServer((request, response) => {
    response.statusCode = 500
    // A server that says more than it should.
    response.end(JSON.stringify(request.headers))
  })
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
  writeFileSync(
    join(folder, 'pass'),
    `#!/bin/sh\necho "asking the store" >&2\nprintf '%s\\n' ${quoted(canaries.command)}\n`,
    { mode: 0o700 },
  )
  writeFileSync(
    join(folder, 'fails'),
    `#!/bin/sh\nprintf '%s\\n' ${quoted(canaries.command)}\necho "the store is locked" >&2\nexit 2\n`,
    { mode: 0o700 },
  )
  writeFileSync(join(folder, 'login'), `#!/bin/sh\necho ${canaries.login}\n`, { mode: 0o700 })
  writeFileSync(join(folder, 'database'), canaries.database, { mode: 0o600 })
  refusing = await refusingDatabase()
  writeFileSync(join(folder, 'pw'), `${canaries['vault password']}\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'inventory.yaml'), inventory(), { mode: 0o600 })
})

test.after(async () => {
  for (const child of children) child.kill('SIGKILL')
  service?.close()
  refusing?.close()
  await sshd?.stop()
  account?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** Speaks MySQL as far as the login, which it refuses. */
async function refusingDatabase(): Promise<typeof refusing> {
  const { createServer } = await import('mysql2')
  const server = createServer((connection) => {
    const refused = { message: "Access denied for user 'canary'", code: 1045 }
    const head = { protocolVersion: 10, serverVersion: '8.0.40', connectionId: 1, statusFlags: 2 }
    const authCallback = (_: unknown, answer: (none: null, error: typeof refused) => void): void =>
      answer(null, refused)
    connection.on('error', () => {})
    Reflect.apply(Reflect.get(connection, 'serverHandshake'), connection, [
      { ...head, characterSet: 45, capabilityFlags: 0xffffff, authCallback },
    ])
  })
  const port = await freePort()
  await new Promise<void>((done) => Reflect.apply(Reflect.get(server, 'listen'), server, [port, '127.0.0.1', done]))
  return { port, close: () => Reflect.apply(Reflect.get(server, 'close'), server, []) }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const vaulted = (text: string, name: string): string =>
  inlineValue(sealVault(text, key), name).replaceAll(' '.repeat(10), ' '.repeat(12))

/** Every way there is to give a secret. */
const inventory = (): string => `all:
  hosts:
    h1: { ansible_host: 127.0.0.1, ansible_port: ${sshd.port}, ansible_user: plinth-canary }
  vars:
    ansible_ssh_common_args: -o UserKnownHostsFile=${sshd.knownHosts}
    ansible_password: !command [${join(folder, 'login')}]
    ansible_become: true
    ansible_become_password: !file ${join(folder, 'become')}
    folder: ${host}
    word: !command [./pass]
    input: !env CANARY
    ${vaulted(canaries.vault, 'content')}    ${vaulted(canaries.token, 'token')}`

interface Ran {
  readonly code: number | null
  readonly sinks: Sinks
}

interface How {
  readonly words?: readonly string[]
  /** What is done while it runs. */
  during?(child: ChildProcess): Promise<void>
  /** What ansible_become_password is. Default: what sudo wants. */
  readonly become?: string
  /** Whether the host is left as the run before has left it. */
  readonly keep?: boolean
  /** The file with the vault password. */
  readonly vault?: string
}

/** Marks the processes of the controller, which is this machine too: what was given in its environment is in it. */
const side = 'CANARY_SIDE=controller'

/** Runs the site, and gives everything that is left of it or could be seen meanwhile. */
async function run(
  name: string,
  { words = [], during, become = canaries.login, vault = 'pw', keep = false }: How = {},
): Promise<Ran> {
  for (const path of keep ? [out, temporary] : [host, out, temporary]) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: 0o755 })
  }
  writeFileSync(join(folder, 'become'), `${become}\n`, { mode: 0o600 })
  const line = [
    ...['--import', 'tsx', 'test/canary/site.ts', '-i', join(folder, 'inventory.yaml'), '-vvvv', '--diff'],
    ...[
      '--vault-password-file',
      join(folder, vault),
      '--report',
      join(out, name),
      '--events',
      join(out, `${name}.jsonl`),
    ],
    ...words,
  ]
  const child = spawn(process.execPath, line, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: temporary,
      CANARY: canaries.environment,
      CANARY_SIDE: 'controller',
    },
  })
  children.add(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  let going = true
  const ended = new Promise<number | null>((done) => child.once('close', done)).finally(() => {
    going = false
  })
  const seen = new Map<string, Process>()
  const watch = (async () => {
    while (going) {
      for (const one of processesNow()) seen.set(JSON.stringify(one), one)
      await sleep(500)
    }
  })()
  await Promise.all([during?.(child), watch])
  const code = await ended
  children.delete(child)
  const there = `/proc/${sshd.process.pid}/root`
  const snapped = existsSync(join(host, 'processes')) ? readFileSync(join(host, 'processes'), 'latin1') : ''
  const processes = [...seen.values(), ...processesIn(snapped)]
  return {
    code,
    sinks: {
      stdout,
      stderr,
      ...Object.fromEntries(
        ['report.html', 'report.json', 'junit.xml'].map((file) => [file, textOf(join(out, name, file))]),
      ),
      events: textOf(join(out, `${name}.jsonl`)),
      'plan file': textOf(join(folder, 'plan.json')),
      'command lines': processes.map(({ command }) => command).join('\n'),
      environments: processes
        .flatMap(({ environment }) =>
          environment.filter((one) => !environment.includes(side) || !one.startsWith('CANARY=')),
        )
        .join('\n'),
      'audit log': contentsOf(join(there, 'var/log/plinth'), [join(there, 'var/log/plinth/journal')]),
      journal: textOf(join(there, 'var/log/plinth/journal')),
      'notes of the host':
        contentsOf(join(there, 'var/lib/plinth')) +
        contentsOf(join(there, 'run/lock')) +
        textOf(join(there, 'run/plinth.lock')),
      // What is there beside what was to be there.
      'files of the host':
        contentsOf(host, [join(host, 'target'), join(host, 'processes')]) + contentsOf(`/home/plinth-canary`),
      'log of sshd': sshd.log(),
      'temporary files': contentsOf(temporary),
      'home of the controller': contentsOf(home),
    },
  }
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** Nothing has leaked; and the sinks are not empty, so that there was something to look at. */
function clean({ sinks }: Ran, ...filled: readonly string[]): void {
  assert.equal(leaks(sinks, canaries), [])
  for (const sink of filled) assert.ok(sinks[sink]!.trim() !== '', `nothing in ${sink}`)
}

const everywhere = [
  'stdout',
  'stderr',
  'report.html',
  'report.json',
  'junit.xml',
  'events',
  'audit log',
  'journal',
  'notes of the host',
  'log of sshd',
]

test(
  'after success: a saved plan, its apply, and a run that changes nothing',
  async () => {
    const saved = join(folder, 'plan.json')
    const planned = await run('plan', { words: ['--plan-out', saved] })
    assert.is(planned.code, 2, planned.sinks.stderr)
    clean(planned, 'plan file', 'stdout')
    const applied = await run('apply', { words: ['--apply', saved], keep: true })
    assert.is(applied.code, 0, applied.sinks.stderr)
    clean(applied, ...everywhere)
    assert.is(readFileSync(join(host, 'target/content'), 'utf8'), canaries.vault)
    assert.is(readFileSync(join(host, 'target/input'), 'utf8'), canaries.environment)
    assert.ok(readFileSync(join(host, 'target/app.properties'), 'utf8').includes(canaries.command.split('-')[2]!))
    // The steps were seen from inside, and ran as root below the login.
    assert.match(applied.sinks['command lines']!, /sudo/)
    assert.match(applied.sinks.environments!, /SUDO_USER=plinth-canary/)
    const kept = await run('json', { words: ['--json'], keep: true })
    assert.is(kept.code, 0, kept.sinks.stderr)
    // Of what changes nothing there is nothing to tell meanwhile.
    clean(kept, ...everywhere.filter((sink) => sink !== 'stderr'))
  },
  slow,
)

const none: How = {}
const kinds: Readonly<Record<string, readonly [code: number, says: RegExp, how?: How]>> = {
  'a failed step': [1, /"the step in question" ended with exit code 3/, { words: ['-e', 'fails=step'] }],
  'what differs after the apply': [1, /after the apply/, { words: ['-e', 'fails=still'] }],
  'a step that is late': [1, /had not ended after 1 s/, { words: ['-e', 'fails=late'] }],
  'a connection that is lost': [3, /the connection was lost during/, { words: ['-e', 'fails=lost'] }],
  'what stands in the way': [1, /something stands in the way/, { words: ['-e', 'fails=blocked'] }],
  'a gate that is missed': [1, /it answers 500/, { words: ['-e', 'fails=gate'] }],
  'a bug': [1, /Error: a bug of the role[\s\S]*site\.ts:\d+/, { words: ['-e', 'fails=bug'] }],
  'an interrupt': [130, /interrupt/i, { words: ['-e', 'fails=slow', '-e', 'seconds=5'], during: interrupt }],
  'a database out of reach': [1, /127\.0\.0\.1/, none],
  'a database that refuses the login': [1, /access denied for 'canary'/, none],
  'a lock that is held': [1, /lock|another run/, none],
  'a refused sudo': [3, /the password was refused/, { become: canaries.become }],
  'a refused login': [3, /the password of plinth-canary was refused/, none],
  'an unknown host key': [
    3,
    /host key/,
    { words: ['-e', 'ansible_ssh_common_args="-o UserKnownHostsFile=/dev/null"'] },
  ],
  'nobody there': [3, /refused: nothing listens/, { words: ['-e', 'ansible_port=1'] }],
  'a wrong vault password': [4, /the vault password is wrong \(vault id "default", tried: default\)/, none],
  'a command that fails': [
    4,
    /the command .*fails ended with exit code 2 and said: the store is locked/,
    { words: ['-e', `{"word": !command [${join(folder, 'fails')}]}`] },
  ],
  'a secret where none may be': [
    4,
    /expected .*, found a secret .*, and plans show this value/,
    { words: ['-e', `{"folder": !command [${join(folder, 'pass')}]}`] },
  ],
  'an environment that lacks it': [
    4,
    /the environment has no variable NOT_THERE/,
    { words: ['-e', '{"input": !env NOT_THERE}'] },
  ],
  'an unknown key': [4, /contnet: unknown key/, { words: ['-e', 'contnet=x'] }],
}

/** Somebody else holds the lock of the machine, for as long as the run lasts. */
const lockFile = (): string => `/proc/${sshd.process.pid}/root/run/plinth.lock`

/** Waits for the lock of a run that was cut or stopped: the step that was under way still has it. */
const unlocked = (): void => void spawnSync('flock', ['-w', '60', lockFile(), 'true'])

function heldLock(): How {
  const holder = spawn('flock', [lockFile(), '-c', 'exec sleep 300'], { stdio: 'ignore', detached: true })
  children.add(holder)
  return {
    async during(child) {
      await new Promise((done) => child.once('close', done))
      process.kill(-(holder.pid as number), 'SIGKILL')
    },
  }
}

const database = (port: number): How => ({
  words: ['-e', `{"database": {"port": ${port}, "password": !file ${join(folder, 'database')}}}`],
})

async function interrupt(child: ChildProcess): Promise<void> {
  while (!existsSync(join(host, 'slow')) && child.exitCode === null) await sleep(50)
  child.kill('SIGINT')
  await sleep(1500)
  child.kill('SIGINT')
}

for (const [name, [code, says, how = none]] of Object.entries(kinds))
  test(
    `after ${name}`,
    async () => {
      const own: Record<string, () => Promise<How> | How> = {
        'a database out of reach': async () => database(await freePort()),
        'a database that refuses the login': () => database(refusing.port),
        'a lock that is held': heldLock,
        'a refused login': () => ({ words: ['-e', `{"ansible_password": !command [${join(folder, 'pass')}]}`] }),
        'a gate that is missed': () => ({
          words: ['-e', 'fails=gate', '-e', `service=${(service.address() as { port: number }).port}`],
        }),
        'a wrong vault password': () => {
          writeFileSync(join(folder, 'other'), 'another\n')
          return { vault: 'other' }
        },
      }
      unlocked()
      const ran = await run(name, (await own[name]?.()) ?? how)
      assert.ok(
        says.test(ran.sinks.stdout! + ran.sinks.stderr!),
        `${says} is not in ${ran.sinks.stdout}${ran.sinks.stderr}`,
      )
      assert.is(ran.code, code, ran.sinks.stderr)
      clean(ran)
    },
    slow,
  )

/** The sinks in which this canary has come out. */
const sinksOf = ({ sinks }: Ran, way: keyof typeof canaries): readonly string[] =>
  Object.keys(sinks).filter((sink) => leaks({ [sink]: sinks[sink]! }, { [way]: canaries[way] }).length > 0)

test(
  'it would be seen: each place leaks once, on purpose',
  async () => {
    const all = ['id', 'argv', 'environment', 'host file', 'controller file', 'stderr', 'change']
    const leak = (...ways: readonly string[]): readonly string[] => ['-e', JSON.stringify({ leak: ways })]
    // The logs of the host are kept from run to run: what leaks nowhere else comes first.
    unlocked()
    const error = await run('leaking error', { words: leak('error') })
    assert.equal(sinksOf(error, 'vault'), ['stderr'])
    const planned = await run('plan', { words: [...leak('id'), '--plan-out', join(folder, 'plan.json')] })
    const leaking = await run('leaking', { words: leak(...all) })
    const found = new Set([...sinksOf(planned, 'vault'), ...sinksOf(leaking, 'vault')])
    const expected = [
      ...everywhere,
      'plan file',
      'command lines',
      'environments',
      'files of the host',
      'temporary files',
    ]
    assert.equal([...found].sort(), expected.filter((sink) => sink !== 'log of sshd').sort())
  },
  slow,
)

test('and in whatever form: encoded, or as a digest', () => {
  const forms = looks(canaries.database)
  assert.is(forms.length, 16)
  for (const form of forms) assert.equal(leaks({ x: `…${form}…` }, canaries), ['x: database'], form)
})

test.run()
