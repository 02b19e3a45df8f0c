/** Where the lock of a user who is not root is, and whom it keeps out: in dash, bash and busybox ash. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Channel } from '../../lib/core/channel.ts'
import { Shell } from '../../lib/edge/shell.ts'
import { shellChannel } from '../../lib/edge/shell-channel.ts'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'
import { busyboxPath, cleanUp, folder, type Kind, kinds } from './local-shell.ts'

const test = suite('edge/shell-lock')
const children: ChildProcess[] = []
test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  cleanUp()
})

/** Nobody else is it. */
const uid = 300_000 + (process.pid % 1_000_000)
const own = `${uid}`
const stranger = uid + 1_000_000

/** A channel over the shell of that user, whose lock is wherever a user's is. */
function login(kind: Kind, env: Readonly<Record<string, string>>): { channel: Channel; close(): Promise<void> } {
  const command = { dash: ['dash'], bash: ['bash', '--posix'], 'busybox ash': ['/bin/busybox', 'ash'] }[kind]
  const path = kind === 'busybox ash' ? busyboxPath : (process.env.PATH ?? '')
  const child = spawn('/usr/bin/setpriv', [`--reuid=${own}`, `--regid=${own}`, '--clear-groups', ...command], {
    cwd: '/',
    env: { PATH: path, ...env },
  })
  children.push(child)
  const kill = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
  const shell = new Shell('h1', { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, kill })
  return { channel: shellChannel(shell), close: () => shell.close() }
}

/** A folder of that user. */
function made(name: string): string {
  chmodSync(folder, 0o755)
  const path = join(folder, name)
  mkdirSync(path)
  chownSync(path, uid, uid)
  return path
}

const shared = `/run/lock/plinth-${own}`

if (process.getuid?.() !== 0) test('as another user', () => console.log('SKIPPED without root'))
else {
  for (const kind of kinds) {
    test(`${kind}: it is in a folder that only that user can write, whatever else the environment says`, async () => {
      const home = made(`home ${kind}`)
      const there = join(home, '.local/state/plinth')
      const one = login(kind, { HOME: home, XDG_RUNTIME_DIR: made(`runtime ${kind}`) })
      const two = login(kind, { HOME: home, XDG_STATE_HOME: made(`state ${kind}`) })
      await one.channel.lock('run 7 of ann')
      assert.match((await failure(two.channel.lock('run 8'))).message, /another run is at work there: run 7 of ann, /)
      assert.equal(readdirSync(there), [`${hostname()}.lock`], 'homes may be shared, locks of machines are not')
      assert.equal(
        [there, join(there, `${hostname()}.lock`)].map((path) => lstatSync(path).mode & 0o777),
        [0o700, 0o600],
      )
      await Promise.all([one.close(), two.close()])
    })

    test(`${kind}: who has no home has a folder among those of others, and takes no other for it`, async () => {
      const file = join(made(`mine ${kind}`), 'precious')
      const mine = made(`folder ${kind}`)
      const refused = async (): Promise<void> => {
        const { channel, close } = login(kind, { HOME: '/' })
        const { message } = await failure(channel.lock('run 7'))
        assert.match(message, /^h1: its lock can't be taken: \/run\/lock\/plinth-\S+ is a link, or of somebody else; /)
        await close()
      }
      try {
        symlinkSync(mine, shared)
        await refused()
        assert.equal(readdirSync(mine), [], 'through a link')
        rmSync(shared)
        mkdirSync(shared, { mode: 0o777 })
        chownSync(shared, stranger, stranger)
        await refused()
        chownSync(shared, uid, uid)
        writeFileSync(file, 'precious')
        chownSync(file, uid, uid)
        symlinkSync(file, join(shared, `${hostname()}.lock`))
        await refused()
        assert.is(readFileSync(file, 'utf8'), 'precious')
        rmSync(join(shared, `${hostname()}.lock`))
        writeFileSync(join(shared, `${hostname()}.lock`), '', { mode: 0o666 })
        await refused()
        rmSync(shared, { recursive: true })
        const { channel, close } = login(kind, { HOME: '/' })
        await channel.lock('run 7')
        assert.is(lstatSync(shared).mode & 0o777, 0o700)
        await close()
      } finally {
        rmSync(shared, { recursive: true, force: true })
      }
    })
  }
}

test.run()
