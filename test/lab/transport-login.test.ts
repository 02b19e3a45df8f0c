/** Whatever the account's shell is and says, and whatever sshd allows: the host is reached, or the reason is said. */
import { writeFileSync } from 'node:fs'
import { makeKey } from '../edge/sshd.ts'
import { assert, suite } from '../kit.ts'
import { executions, fresh, inside, inventory, lower, onDisk, quiet, raise, run, stage } from './transport/stage.ts'

const test = suite('transport-login')
const host = 'nacos1'
test.before(() => raise(host))
test.after(lower)

/** A shell that knows nothing but plain words: what it is told must mean the same to any other. */
const plainShell = `#!/bin/bash
[ "$1" = -c ] || exit 2
case $2 in *[!A-Za-z0-9/.\\ _-]*) echo "I know plain words only: $2" >&2; exit 2 ;; esac
set -f; set -- $2
[ "$1" = exec ] && shift
exec "$@"
`

const noise = `echo 'Welcome to the corporate network!'
echo 'This account is watched' >&2
printf 'no end of line'
cd /tmp; umask 077; alias cat='cat -n' ls='ls --color=always'; export LC_ALL=tr_TR.UTF-8 CDPATH=/
trap 'echo bye' EXIT; stty erase X
`

interface Account {
  readonly name: string
  readonly make: string
  readonly mend: string
}

const accounts: readonly Account[] = [
  {
    name: 'csh is the login shell, and its start file talks',
    make: "echo 'echo noise; setenv PATH /usr/local/bin:/usr/bin' >/root/.tcshrc; usermod -s /bin/tcsh root",
    mend: 'usermod -s /bin/bash root; rm /root/.tcshrc',
  },
  {
    name: 'the login shell knows plain words only',
    make: 'chmod 755 /usr/local/bin/plain; echo /usr/local/bin/plain >>/etc/shells; usermod -s /usr/local/bin/plain root',
    mend: 'usermod -s /bin/bash root',
  },
  {
    name: 'bash, and its start files talk and change what they can',
    make: 'for f in .bashrc .profile .bash_profile .bash_logout; do cp /root/noise /root/$f; done',
    mend: 'for f in .bashrc .profile .bash_profile .bash_logout; do rm /root/$f; done',
  },
  {
    name: 'sshd allows one session for each connection',
    make: "echo 'MaxSessions 1' >/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh",
    mend: 'rm /etc/ssh/sshd_config.d/test.conf; systemctl reload ssh',
  },
]

for (const { name, make, mend } of accounts) {
  test(
    `${name}: converges as ever, over one login and one session`,
    async () => {
      await fresh(host)
      writeFileSync(onDisk(host, 'root/noise'), noise)
      writeFileSync(onDisk(host, 'usr/local/bin/plain'), plainShell)
      await inside(host, make)
      try {
        const path = inventory([host])
        const mark = await stage.mark(host)
        const ran = await run(path)
        assert.is(ran.code, 0, ran.text)
        assert.equal(await stage.connections(host, mark), { logins: 1, sessions: 1 })
        assert.not.match(ran.text, /noise|Welcome|watched/)
        const again = await run(path, '--check')
        assert.is(again.code, 0, again.text)
        assert.is(executions(host), 1)
        assert.is(await inside(host, "stat -c '%a %U' /srv/app /srv/app/app.conf | tr '\\n' ' '"), '755 root 644 root')
        await quiet(host)
      } finally {
        await inside(host, mend)
      }
    },
    { timeout: 60 },
  )
}

/** Attempts that sshd of the host has seen since a mark. */
const attempts = async (mark: string): Promise<number> => {
  const log = await inside(host, `journalctl --sync; journalctl --after-cursor='${mark}' --unit=ssh --output=cat`)
  return log.match(/^Connection from /gm)?.length ?? 0
}

test(
  'a key that is refused: said by name, and one connection is all that sshd sees of it, so that nobody is locked out',
  async () => {
    await fresh(host)
    const conf = '/etc/ssh/sshd_config.d/a-test.conf'
    await inside(host, `echo 'PerSourcePenalties authfail:5s noauth:1s min:15s' >${conf}; systemctl reload ssh`)
    try {
      const key = makeKey(stage.layout.folder, `stranger-${process.pid}`)
      const mark = await stage.mark(host)
      const refused = await run(inventory([host], { key }))
      assert.is(refused.code, 3, refused.text)
      assert.match(
        refused.text,
        /nacos1 \(root@\S+:22\): the login was refused \(.*stranger-\d+.*; add the public key to /,
      )
      assert.is(await attempts(mark), 1)
      const ran = await run(inventory([host]))
      assert.is(ran.code, 0, ran.text)
    } finally {
      await inside(host, `rm ${conf}; systemctl reload ssh`)
    }
  },
  { timeout: 60 },
)

/** A host whose sshd punishes the login that was just refused, for so many seconds. */
async function punished(seconds: number, work: () => Promise<void>): Promise<void> {
  await fresh(host)
  const conf = '/etc/ssh/sshd_config.d/a-test.conf'
  await inside(host, `echo 'PerSourcePenalties authfail:${seconds}s min:1s' >${conf}; systemctl reload ssh`)
  try {
    const key = makeKey(stage.layout.folder, `punished-${process.pid}-${seconds}`)
    assert.is((await run(inventory([host], { key }))).code, 3)
    await work()
  } finally {
    // The penalties are in the memory of the process that a reload replaces.
    await inside(host, `rm ${conf}; systemctl reload ssh`)
  }
}

test(
  'a penalty of sshd that is soon over is waited for',
  () =>
    punished(3, async () => {
      const mark = await stage.mark(host)
      const ran = await run(inventory([host]))
      assert.is(ran.code, 0, ran.text)
      const log = await inside(host, `journalctl --sync; journalctl --after-cursor='${mark}' --unit=ssh --output=cat`)
      assert.match(log, /drop connection .* penalty/, 'there was one')
    }),
  { timeout: 60 },
)

test(
  'a penalty of sshd that lasts: what it is, and what ends it',
  () =>
    punished(300, async () => {
      const ran = await run(inventory([host]))
      assert.is(ran.code, 3, ran.text)
      assert.match(ran.text, /sshd lets nobody in from this address for now: a penalty .* \(PerSourcePenalties\)/)
      assert.match(ran.text, /PerSourcePenaltyExemptList/)
    }),
  { timeout: 60 },
)

test(
  'twelve machines behind one sshd that takes two logins at a time: all are reached',
  async () => {
    await fresh(host)
    const ports = Array.from({ length: 12 }, (_, index) => 2201 + index)
    const conf = '/etc/ssh/sshd_config.d/a-test.conf'
    // sshd listens on 16 sockets at most.
    const lines = ['MaxStartups 2:100:3', 'AddressFamily inet', 'Port 22', ...ports.map((port) => `Port ${port}`)]
    await inside(host, `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >${conf}; systemctl restart ssh`)
    try {
      const ran = await run(inventory([host], { ports }), '--check')
      assert.is(ran.code, 2, ran.text)
      assert.not.match(ran.text, /unreachable/)
      assert.match(ran.text, /differ on 12 hosts/)
    } finally {
      await inside(host, `rm ${conf}; systemctl restart ssh`)
    }
  },
  { timeout: 60 },
)

test.run()
