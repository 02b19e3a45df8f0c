/** Acting as another user on a real host: sudo as it is configured here and there, su and doas. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineChannel } from '../../lib/core/channel.ts'
import type { Become } from '../../lib/core/inventory.ts'
import { Secret } from '../../lib/core/secret.ts'
import { realWorld } from '../../lib/edge/world.ts'
import { answering } from '../edge/askers.ts'
import { failure, only, step } from '../edge/channels.ts'
import { assert, suite } from '../kit.ts'
import { lab } from './lab.ts'

const test = suite('become')
const it = lab('become')
const host = 'nacos1'
const password = 'pw-deploy-canary'
const world = realWorld(answering())

/** Runs a command on the host as root, without ssh. */
async function inside(command: string): Promise<string> {
  const { code, stdout, stderr } = await it.run(host, command)
  assert.is(code, 0, `${command}: ${stderr}`)
  return stdout
}

/** A connection as deploy, who then becomes somebody else. */
function open(become: Partial<Become> | null, user = 'deploy'): Promise<MachineChannel> {
  const { folder } = it.layout
  return world.open({
    key: 'nacos1',
    name: host,
    connection: {
      address: it.addressOf(host),
      port: null,
      user,
      privateKey: join(folder, 'id_ed25519'),
      sshArguments: ['-F', 'none', '-o', `UserKnownHostsFile=${folder}/known_hosts`],
      hostKeys: [],
      password: null,
      become: become && { method: 'sudo', user: 'root', password: new Secret(password), ...become },
      machine: host,
    },
  })
}

test(
  'a host with a user who may use sudo',
  async () => {
    await it.up({ hosts: [host], owner: Number(process.env.PLINTH_LAB_OWNER ?? process.pid) })
    await inside(`set -e
      for name in deploy app; do id $name >/dev/null 2>&1 || useradd --create-home --shell /bin/bash $name; done
      printf 'deploy:${password}\\napp:pw-app-canary\\n' | chpasswd
      install -d -o deploy -m 0700 ~deploy/.ssh
      install -o deploy -m 0600 ~root/.ssh/authorized_keys ~deploy/.ssh/authorized_keys
      printf 'echo "Welcome, deploy"; umask 077; cd /tmp\\n' >~deploy/.bashrc`)
  },
  { timeout: 600 },
)

interface Way {
  readonly name: string
  /** Lines of a file in sudoers.d. */
  readonly sudoers: readonly string[]
  readonly become?: Partial<Become>
  /** What is done on the host before, and taken back. */
  readonly make?: string
  readonly mend?: string
  readonly fails?: RegExp
}

const all = 'deploy ALL=(ALL) ALL'
const nopasswd = 'deploy ALL=(ALL) NOPASSWD: ALL'
const none = { password: null }

const ways: readonly Way[] = [
  { name: 'without a password', sudoers: [nopasswd], become: none },
  { name: 'without a password, though one is given', sudoers: [nopasswd] },
  { name: 'with a password', sudoers: [all] },
  { name: 'to a plain user', sudoers: [all], become: { user: 'app' } },
  { name: 'with a terminal (requiretty)', sudoers: ['Defaults requiretty', all] },
  { name: 'with a terminal and one of its own', sudoers: ['Defaults requiretty, use_pty', nopasswd], become: none },
  { name: 'with a terminal of its own (use_pty)', sudoers: ['Defaults use_pty, timestamp_timeout=0', all] },
  {
    name: 'with a lecture, a prompt and a umask of its own, and a narrow PATH',
    sudoers: [
      'Defaults lecture=always, passprompt="Dein Wort, %u? ", umask=077, umask_override, !syslog',
      'Defaults secure_path=/bin, !passprompt_override',
      all,
    ],
  },
  {
    name: 'with the password of the other user',
    sudoers: ['Defaults targetpw', all],
    become: { user: 'app', password: new Secret('pw-app-canary') },
  },
  { name: 'by su', sudoers: [], become: { method: 'su', user: 'app', password: new Secret('pw-app-canary') } },
  {
    name: 'with a wrong password',
    sudoers: [all],
    become: { password: new Secret('pw-wrong-canary') },
    fails: /^nacos1: it can't become root by sudo: the password was refused; correct it \(give it with ansible_become/,
  },
  {
    name: 'with a password that is not there',
    sudoers: [all],
    become: none,
    fails: /sudo asks for a password, and there is none; give it with ansible_become_password or -K/,
  },
  {
    name: 'by nobody who may',
    sudoers: [],
    fails: /this user may not run \/bin\/sh as that one through sudo; add a rule/,
  },
  { name: 'for one command only', sudoers: ['deploy ALL=(root) /bin/ls'], fails: /this user may not run \/bin\/sh/ },
  { name: 'to nobody', sudoers: [all], become: { user: 'nosuch' }, fails: /there is no user nosuch/ },
  {
    name: 'without sudo',
    sudoers: [all],
    make: 'mv /usr/bin/sudo /usr/bin/sudo.away',
    mend: 'mv /usr/bin/sudo.away /usr/bin/sudo',
    fails: /there is no sudo; install sudo, or name another way \(ansible_become_method\)/,
  },
  {
    name: 'with a terminal, and nothing to make one',
    sudoers: ['Defaults requiretty', all],
    make: 'mv /usr/bin/script /usr/bin/script.away',
    mend: 'mv /usr/bin/script.away /usr/bin/script',
    fails: /sudo wants a terminal \(requiretty\), and there is no script command/,
  },
  {
    name: 'by su with a wrong password',
    sudoers: [],
    become: { method: 'su', password: new Secret('pw-wrong-canary') },
    fails: /it can't become root by su: the password was refused/,
  },
  {
    name: 'by doas, which is not there',
    sudoers: [],
    become: { method: 'doas' },
    fails: /there is no doas; install doas/,
  },
]

/** What shells of deploy and of those it became are there. */
const shells = (): Promise<string> =>
  inside("ps -eo user:12,args | grep -E '[s]udo -S|[s]cript -qc|^(root|app|deploy) +(/bin/)?[s]h$|[s]u -s' || :")

const gone = async (): Promise<void> => {
  while ((await shells()) !== '') await new Promise((resolve) => setTimeout(resolve, 50))
}

for (const { name, sudoers, become = {}, make, mend, fails } of ways) {
  test(
    name,
    async () => {
      await inside(
        `cat >/etc/sudoers.d/zz-plinth; chmod 0440 /etc/sudoers.d/zz-plinth; ${make ?? ':'} <<'EOT'
EOT`.replace(/^cat >/, `printf '%s\\n' ${sudoers.map((line) => `'${line}'`).join(' ')} >`),
      )
      try {
        if (fails) {
          const error = await failure(open(become))
          assert.match(error.message, fails)
          assert.is(error.code, 3)
          assert.not.match(`${error.message}${error.stack}`, /canary/)
        } else {
          const channel = await open(become)
          const said = await only(channel, step('id -un; umask; pwd; tty || :; echo "${SSH_CONNECTION%% *}"'))
          const bytes = await only(channel, step('cat | od -An -c', { input: 'a\0\r\n\u0004\u0003\u00ff' }))
          const seen = await inside('cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"')
          await channel.close()
          const controller = it.addressOf(host).replace(/\d+$/, '1')
          assert.is(said.stdout, `${become.user ?? 'root'}\n0022\n/\nnot a tty\n${controller}\n`)
          assert.match(bytes.stdout, /^ +a +\\0 +\\r +\\n +004 +003 303 277\n$/)
          assert.match(seen, /sudo|su/)
          assert.not.match(seen, /canary/, 'a password in a command line or an environment')
        }
        await gone()
      } finally {
        if (mend) await inside(mend)
      }
    },
    { timeout: 30 },
  )
}

test('no need to become who one is', async () => {
  await inside('rm -f /etc/sudoers.d/zz-plinth')
  const channel = await open({}, 'root')
  assert.is((await only(channel, step('id -un'))).stdout, 'root\n')
  await channel.close()
})

test(
  'a connection that is lost leaves nothing behind, and the lock is free again',
  async () => {
    for (const sudoers of [all, 'Defaults use_pty', 'Defaults requiretty']) {
      await inside(`printf '%s\\n' '${sudoers}' '${all}' >/etc/sudoers.d/zz-plinth`)
      const channel = await open({})
      await channel.lock('a test')
      assert.match(await inside('cat /run/plinth.lock'), /^a test, from 10\.\S+\s*$/)
      const held = 'n=0; while [ -e /run/held ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done'
      const running = only(channel, step(`: >/run/held; ${held}; echo ended`))
      await inside("while [ ! -e /run/held ]; do sleep 0.1; done; pkill -KILL -f '^sshd(-session)?: deploy'")
      assert.is((await running).code, null)
      await inside('rm -f /run/held')
      await channel.close()
      await gone()
      const next = await open({})
      await next.lock('another test')
      await next.close()
    }
  },
  { timeout: 60 },
)

test(
  'a user who is not root has one lock, in their home, wherever their environment leads',
  async () => {
    await inside("rm -f /run/elsewhere; echo '[ ! -e /run/elsewhere ] || export HOME=/tmp' >>~deploy/.bashrc")
    const one = await open(null)
    await one.lock('one')
    await inside(': >/run/elsewhere')
    const two = await open(null)
    assert.is((await only(two, step('echo $HOME'))).stdout, '/tmp\n')
    assert.match((await failure(two.lock('two'))).message, /another run is at work there: one, from /)
    assert.match(await inside('cat ~deploy/.local/state/plinth/*.lock'), /^one, from /)
    await inside('rm /run/elsewhere')
    await Promise.all([one.close(), two.close()])
  },
  { timeout: 60 },
)

/** Runs the small site as its user does; `types` answers what it asks on a terminal. */
function run(args: readonly string[], types: readonly string[] = []): Promise<{ code: number | null; output: string }> {
  const folder = join(it.layout.folder, 'inventories')
  mkdirSync(folder, { recursive: true })
  const inventory = join(folder, `small-${process.pid}.yaml`)
  const vars = [
    `ansible_ssh_private_key_file: ${it.layout.folder}/id_ed25519`,
    `ansible_ssh_common_args: -F none -o UserKnownHostsFile=${it.layout.folder}/known_hosts`,
  ]
  const hosts = `hosts: { ${host}: { ansible_host: ${it.addressOf(host)} } }`
  writeFileSync(
    inventory,
    ['all:', '  vars:', ...vars.map((line) => `    ${line}`), '  children:', `    small: { ${hosts} }`, ''].join('\n'),
  )
  const command = ['node', '--import', 'tsx', 'test/lab/small-site.ts', '-i', inventory, ...args]
  const terminal = ['script', '-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null']
  const [program = '', ...words] = types.length > 0 ? terminal : command
  return new Promise((resolve) => {
    const child = spawn(program, words, { cwd: new URL('../..', import.meta.url).pathname })
    const left = types.values()
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (/: $/.test(text)) child.stdin.write(`${left.next().value ?? ''}\r`)
      })
    child.on('close', (code) => resolve({ code, output }))
  })
}

test(
  'a site as a plain user with sudo: the plan says as whom, and a second run finds nothing to do',
  async () => {
    await inside(`rm -rf /opt/small; printf '%s\\n' '${nopasswd}' >/etc/sudoers.d/zz-plinth`)
    const check = await run(['-u', 'deploy', '-b', '--check'])
    assert.is(check.code, 2, check.output)
    assert.match(
      check.output,
      /small: nacos1\n {2}as root through sudo, logged in as deploy\n {2}\+ directory:\/opt\/small/,
    )
    const document = JSON.parse((await run(['-u', 'deploy', '-b', '--check', '--json'])).output) as {
      plans: { as?: string }[]
    }
    assert.is(document.plans[0]!.as, 'as root through sudo, logged in as deploy')
    const done = await run(['-u', 'deploy', '-b'])
    assert.is(done.code, 0, done.output)
    assert.is(await inside('stat -c "%U %a" /opt/small/words; cat /opt/small/words'), 'root 640\nhello\n')
    const again = await run(['-u', 'deploy', '-b'])
    assert.match(again.output, /Nothing had to change/)
    const plain = await run(['-u', 'deploy', '--check'])
    assert.not.match(plain.output, /as root/)
  },
  { timeout: 60 },
)

test(
  'passwords are asked for on the terminal, once, and are never shown',
  async () => {
    await inside(`rm -rf /opt/small; printf '%s\\n' '${all}' >/etc/sudoers.d/zz-plinth`)
    const asked = await run(['-u', 'deploy', '-b', '-k', '-K', '-vvvv'], [password, ''])
    assert.is(asked.code, 0, asked.output)
    assert.match(asked.output, /SSH password: [\s\S]*Password to become another user \(empty: the same\): /)
    assert.not.match(asked.output, /canary/)
    assert.is(await inside('cat /opt/small/words'), 'hello\n')
    const nobody = await run(['-u', 'deploy', '-b', '-K'])
    assert.is(nobody.code, 4)
    assert.match(nobody.output, /--ask-become-pass: there is no terminal to ask on; put it into the inventory/)
  },
  { timeout: 60 },
)

test('the lab is taken down', () => it.down(), { timeout: 60 })

test.run()
