/** Hosts of every kind behind a real sshd: other login shells, and one with nothing on it but busybox. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Channel } from '../../lib/core/channel.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { archiveFolder, release } from '../../lib/resources/release.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { assert, suite } from '../kit.ts'
import { all, question, sha } from './channels.ts'
import { openTo, withSshd } from './sshd.ts'

const test = suite('edge/hosts')
// sshd wants every folder above a root to be root's own; /tmp is everybody's.
const folder = mkdtempSync('/run/plinth-test-')
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** A release of some megabytes, that does not shrink. */
function makeArchive() {
  const source = join(folder, 'app')
  mkdirSync(source)
  writeFileSync(join(source, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  execFileSync('sh', ['-c', 'head -c 3000000 /dev/urandom >"$1"', 'sh', join(source, 'lib.jar')])
  const path = join(folder, 'app.tar.gz')
  execFileSync('tar', ['-czf', path, '-C', folder, 'app'])
  const bytes = readFileSync(path)
  return { name: 'app.tar.gz', path, bytes: bytes.length, sha256: sha(bytes) }
}
const archive = makeArchive()

/** Asks, does what differs, and asks again: everything is kept then. */
async function converge(channel: Channel, resources: readonly Resource[]): Promise<readonly string[]> {
  const said: string[] = []
  for (const resource of resources) {
    const plan = resource.plan(await channel.ask(resource.probe), new Set())
    assert.equal(plan.problems, [])
    for (const { step, code, stderr } of await all(channel, ...plan.steps)) {
      assert.is(code, 0, `${step.say}: ${stderr}`)
      said.push(step.say)
    }
  }
  const answers = await channel.ask(resources.flatMap(({ probe }) => probe))
  for (const resource of resources) assert.is(resource.plan(answers, new Set()).action, 'keep', resource.id)
  return said
}

/** Gives root another login shell, for this sshd alone. */
const loginShell = (shell: string, passwd: string): string =>
  `sed 's|^\\(root:.*\\):[^:]*$|\\1:${shell}|' /etc/passwd >'${passwd}'; mount --bind '${passwd}' /etc/passwd`

const shells = { fish: '/usr/bin/fish', csh: '/bin/csh', bash: '/bin/bash', dash: '/bin/dash' }
for (const [name, shell] of Object.entries(shells)) {
  if (!existsSync(shell)) {
    console.log(`SKIPPED: the login shell ${name} is not installed`)
    continue
  }
  test(
    `the login shell is ${name}, and it prints what it likes: nothing of it shows`,
    async () => {
      const home = mkdtempSync(join(folder, 'home-'))
      mkdirSync(join(home, '.config/fish'), { recursive: true })
      for (const rc of ['.bashrc', '.cshrc', '.profile', '.config/fish/config.fish'])
        writeFileSync(join(home, rc), `echo 'Welcome to h1'; printf 'no line break'; cd /usr\n`)
      const config = [`SetEnv "HOME=${home}"`]
      await withSshd({ config, mounts: loginShell(shell, join(home, 'passwd')) }, async (sshd) => {
        const channel = await openTo(sshd)
        const [done] = await all(channel, {
          say: 'who',
          run: 'readlink /proc/$PPID/exe >/dev/null; echo "$HOME"; pwd; env | grep SHELL',
        })
        assert.equal([done!.code, done!.stdout, done!.stderr], [0, `${home}\n/\nSHELL=${shell}\n`, ''])
        assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
        const path = join(home, 'f')
        assert.equal(await converge(channel, [file(path, { content: '\0ä\n' })]), [`write ${path}`])
        const bytes = Buffer.alloc(1_000_000, 'x')
        const [sum] = await all(channel, { say: 'sum', run: 'sha256sum', input: bytes })
        assert.is(sum!.stdout, `${sha(bytes)}  -\n`)
        await channel.close()
      })
    },
    { timeout: 30 },
  )
}

/** A root with busybox, its links, flock, and nothing else. */
function busyboxRoot(without: readonly string[] = []): string {
  const root = mkdtempSync(join(folder, 'root-'))
  for (const name of ['bin', 'dev', 'etc', 'opt', 'proc', 'run', 'tmp', 'var/cache'])
    mkdirSync(join(root, name), { recursive: true })
  const copy = (path: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    copyFileSync(path, join(root, path))
    // What it is linked with: absolute paths in the words of ldd.
    for (const [, library = ''] of spawnSync('ldd', [path], { encoding: 'utf8' }).stdout.matchAll(/(\/\S+) \(0x/g))
      if (!existsSync(join(root, library))) copy(library)
  }
  copy('/bin/busybox')
  copy('/usr/bin/flock')
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const name of applets.filter((name) => !without.includes(name))) symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
  return root
}

const chroot = (root: string, proc = true) => ({
  config: [`ChrootDirectory ${root}`],
  mounts: [
    loginShell('/bin/sh', join(folder, 'passwd')),
    `mount --bind /dev '${root}/dev'`,
    proc ? `mount -t proc proc '${root}/proc'` : ':',
  ].join('\n'),
})

test(
  'a host with nothing but busybox is asked, locked, written to, sent an archive, and converges',
  async () => {
    const root = busyboxRoot()
    await withSshd(chroot(root), async (sshd) => {
      const channel = await openTo(sshd, {}, { lockFile: '/run/plinth.lock' })
      const [applets] = await all(channel, { say: 'ls', run: 'readlink /proc/self/exe; ls /usr/bin' })
      assert.is(applets!.stdout, '/bin/busybox\nflock\n', 'nothing else is there')
      await channel.lock('a test')
      const resources = [
        directory(archiveFolder, { mode: '0700' }),
        directory('/opt/app'),
        file('/opt/app/app.conf', { content: 'x=1\n', mode: '0640' }),
        release('/opt/app/1', { archive, owner: 'root', group: 'root' }),
        symlink('/opt/app/current', '1'),
      ]
      assert.is((await converge(channel, resources)).length, 6)
      assert.is(sha(readFileSync(join(root, 'opt/app/1/lib.jar'))), sha(readFileSync(join(folder, 'app/lib.jar'))))
      writeFileSync(join(root, 'opt/app/app.conf'), 'x=2\n')
      assert.equal(await converge(channel, resources), ['write /opt/app/app.conf'])
      await channel.close()
    })
  },
  { timeout: 60 },
)

test(
  'what a host lacks is the first thing that is said of it',
  async () => {
    const cases: readonly [root: string, proc: boolean, message: RegExp][] = [
      [busyboxRoot(['sha256sum', 'find']), true, /^h1: it lacks sha256sum, find, .*; install coreutils and findutils/],
      [busyboxRoot(), false, /^h1: it lacks \/proc, .*; mount proc on \/proc$/],
    ]
    for (const [root, proc, message] of cases) {
      await withSshd(chroot(root, proc), async (sshd) => {
        const said = await openTo(sshd)
          .then((channel) => channel.ask([question('k')]))
          .then(
            () => 'nothing',
            (error: Error) => error.message,
          )
        assert.match(said, message)
      })
    }
  },
  { timeout: 30 },
)

test.run()
