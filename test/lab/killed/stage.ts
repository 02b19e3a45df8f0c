/** The hosts of the tests that kill: how they are before a run, how a run is killed, and what is there after it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quiet } from '../connections.ts'
import { inside, prepareLab, testLab } from '../playbook.ts'
import { $ } from '../shell.ts'

/** Machines, and the hosts on them. */
const apps: Readonly<Record<string, readonly string[]>> = {
  nacos1: ['app1', 'app4'],
  nacos2: ['app2', 'app3'],
}
/** The machine that a host is on. */
export const machineOf = (host: string): string =>
  Object.keys(apps).find((machine) => apps[machine]?.includes(host)) ?? host
export const machines = ['db1', 'nacos1', 'nacos2'] as const
const folder = join(testLab.layout.folder, 'killed')
const archive = (version: string): string => join(folder, `app-${version}.tar.gz`)

/** Boots the hosts, and makes the archives of two versions. */
export async function raise(): Promise<void> {
  await prepareLab(machines, [])
  for (const version of ['1.0', '2.0']) {
    const content = join(folder, `app-${version}`)
    mkdirSync(content, { recursive: true })
    await $`head -c 4000000 /dev/urandom >${join(content, 'data')}`
    writeFileSync(join(content, 'serve'), 'exec sleep infinity\n')
    await $`tar -czf ${archive(version)} -C ${folder} app-${version}`
  }
}

/** Ends what a test that failed has left running. */
export function lower(): void {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
const children = new Set<ChildProcess>()

interface Declared {
  readonly version: string
  readonly words: string
  readonly level: string
  readonly password: string
}
const now: Declared = { version: '2.0', words: 'new words', level: 'high', password: 'new-password' }
/** What was declared before; the other hosts are the same. */
const before: Readonly<Record<string, Partial<Declared>>> = {
  app1: { version: '1.0', words: 'old words' },
  app2: { level: 'low', password: 'old-password' },
}

/** An inventory of the site as it should be, or as it was `before`. */
export function inventory(which: 'now' | 'before'): string {
  const path = join(folder, `${which}.yaml`)
  const { folder: keys } = testLab.layout
  const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
  const host = (machine: string, name: string): readonly string[] => {
    const declared = { ...now, ...(which === 'before' ? before[name] : {}) }
    const file = archive(declared.version)
    return [
      `        ${name}:`,
      `          ansible_host: ${testLab.addressOf(machine)}`,
      `          app: ${JSON.stringify({ ...declared, archive: file, sha256: digest(file) })}`,
    ]
  }
  const lines = [
    'all:',
    '  vars:',
    '    ansible_user: root',
    `    ansible_ssh_private_key_file: ${keys}/id_ed25519`,
    `    ansible_ssh_common_args: -o UserKnownHostsFile=${keys}/known_hosts`,
    '  children:',
    '    apps:',
    '      hosts:',
    ...Object.entries(apps).flatMap(([machine, names]) => names.flatMap((name) => host(machine, name))),
    '    databases:',
    '      hosts:',
    `        db1: { ansible_host: ${testLab.addressOf('db1')} }`,
    '      vars:',
    `        mysql: { user: plinth_admin, password: !file ${keys}/secrets/mysql_admin_password }`,
    '        schema: { password: killed-password }',
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** What a run leaves beside what is declared is among it: the receipts, and the notes of touched inputs and starts. */
const owned = '/srv/app? /srv/shared /etc/plinth /var/cache/plinth /var/lib/plinth /etc/systemd/system/app?.service'
const links = '/etc/systemd/system/multi-user.target.wants/app?.service'
const mysql = (script: string): Promise<string> => inside('db1', `mysql -N <<'END'\n${script}\nEND`)

const bareHost = (machine: string): string => `exec 2>/dev/null
systemctl stop ${(apps[machine] ?? []).join(' ')}
rm -rf ${owned} ${links} /run/app?.read
for name in ${(apps[machine] ?? []).join(' ')}; do userdel $name; groupdel $name; done
systemctl daemon-reload`

const bareDatabase = `DROP DATABASE IF EXISTS killed; DROP USER IF EXISTS killed@10.0.0.1, killed@10.0.0.2;`

/** A table without a column and an index, a row that is not there, an account with another password and other rights. */
const olderDatabase = `${bareDatabase}
CREATE DATABASE killed CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; USE killed;
CREATE TABLE item (id bigint NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL DEFAULT '', content longtext, PRIMARY KEY (id), UNIQUE KEY uk_name (name))
  DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin;
INSERT INTO item (name, content) VALUES ('one', 'content of one'), ('two', 'content of two');
CREATE TABLE owner (name varchar(64) NOT NULL, enabled tinyint(1) NOT NULL, PRIMARY KEY (name)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE USER killed@10.0.0.1 IDENTIFIED BY 'other';
GRANT SELECT, DROP ON killed.* TO killed@10.0.0.1;`

/** What hands and accidents did to the hosts of a machine; the processes have read it. */
const damage: Readonly<Record<string, string>> = {
  // The fourth host differs in nothing but the file that it shares with the first.
  nacos1: `echo by hand >>/srv/shared/banner; systemctl restart app4
chmod 0777 /srv/app1/conf; systemctl disable -q app1; rm /srv/app1/conf/peers`,
  nacos2: `echo by hand >>/srv/shared/banner; chmod 0666 /srv/shared/banner
echo by hand >>/srv/app3/conf/app.conf; sed -i s/high/higher/ /srv/app3/conf/app.properties
rm /srv/app3/releases/2.0/.plinth; echo stray >>/srv/app2/conf/peers; rm /srv/app2/current
sed -i 's/^Description=.*/Description=by hand/' /etc/systemd/system/app2.service
systemctl daemon-reload; systemctl restart app3`,
}

/** The states that a run may start from. */
export const starts = {
  'bare hosts': {
    make: async () => {},
    restore: async () => {
      await Promise.all([mysql(bareDatabase), ...machines.map((machine) => inside(machine, bareHost(machine)))])
    },
  },
  'an older state, damaged': {
    /** Done once; after that it is restored from a copy on each host. */
    make: async () => {
      const ran = await run(inventory('before'))
      if (ran.code !== 0) throw new Error(ran.text)
      await Promise.all(
        machines.map((machine) =>
          inside(machine, `${damage[machine] ?? ''}\ntar -cpf /root/older.tar $(ls -d ${owned} ${links} 2>/dev/null)`),
        ),
      )
    },
    restore: async () => {
      const older = (machine: string): string => `( ${bareHost(machine)} )
for name in ${(apps[machine] ?? []).join(' ')}; do
  groupadd -r $name && useradd -r -M -d /srv/$name -s /usr/sbin/nologin -g $name $name
done
tar -xpf /root/older.tar -C /
systemctl daemon-reload
systemctl start ${(apps[machine] ?? []).join(' ')} || :`
      await Promise.all([mysql(olderDatabase), ...machines.map((machine) => inside(machine, older(machine)))])
    },
  },
}

/** When a run is killed: so many bytes into what it says, or so long after its start, and some ms later. */
export type Moment = { readonly bytes: number; readonly later: number } | { readonly ms: number }

export interface Ran {
  /** Null when it was killed. */
  readonly code: number | null
  readonly text: string
  readonly stdout: string
  /** Every piece of what it said: its end in bytes, and when it came, in ms since the start. */
  readonly pieces: readonly { readonly bytes: number; readonly ms: number }[]
  readonly ms: number
}

/** Runs the playbook to its end, or until the moment at which it is killed. */
export function run(path: string, args: readonly string[] = [], moment?: Moment): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/lab/killed/site.ts', '-i', path, ...args], {
    cwd: new URL('../../..', import.meta.url).pathname,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  const since = performance.now()
  const pieces: { bytes: number; ms: number }[] = []
  let text = ''
  let stdout = ''
  let bytes = 0
  let timer: NodeJS.Timeout | undefined
  const killAfter = (ms: number): void => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms)
  }
  if (moment && 'ms' in moment) killAfter(moment.ms)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk
      if (stream === child.stdout) stdout += chunk
      bytes += chunk.length
      pieces.push({ bytes, ms: performance.now() - since })
      if (moment && 'bytes' in moment && bytes >= moment.bytes) killAfter(moment.later)
    })
  }
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      children.delete(child)
      resolve({ code, text, stdout, pieces, ms: performance.now() - since })
    })
  })
}

/** Waits until nothing of a run is left on any machine: no process, no lock. Throws and names what does not go. */
export async function allQuiet(): Promise<void> {
  await Promise.all(machines.map((machine) => quiet(testLab, machine)))
  for (let look = 0; look < 100; look++) {
    if ((await mysql("SELECT COALESCE(IS_USED_LOCK('plinth'), 'free')")).trim() === 'free') return
    await sleep(50)
  }
  throw new Error('db1: the lock of the database is still taken')
}

/** What there is, thing by thing: a path with its type, mode, owner, size and content; a unit; a table; an account. */
export type Snapshot = ReadonlyMap<string, string>

const hostScript = (machine: string): string => `cd /
paths=$(ls -d ${owned} ${links} 2>/dev/null)
[ "$paths" ] || paths=/etc/hostname
find $paths -type d -printf '%p\\tdirectory %m %u %g\\n'
find $paths -type l -printf '%p\\tlink %u %g %l\\n'
find $paths -type f ! -name '*.started' -exec stat -c '%n	file %a %U %G %s' {} + | while IFS= read -r l; do
  sum=$(sha256sum <"\${l%%	*}"); echo "$l \${sum%% *}"
done
for name in ${(apps[machine] ?? []).join(' ')}; do
  printf 'user %s\\t%s\\n' $name "$(getent passwd $name | cut -d: -f6,7)|$(id -gn $name 2>/dev/null)"
  printf 'unit %s\\t%s\\n' $name "$(systemctl show -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload $name | sort | tr '\\n' ' ')"
  pid=$(systemctl show -p MainPID --value $name)
  printf 'digest %s\\t%s\\n' $name "$(tr '\\0' '\\n' 2>/dev/null </proc/$pid/environ | grep PLINTH_INPUTS)"
  ours=never
  if [ -e /etc/plinth/$name.started ]; then
    if [ "$(head -n 1 /etc/plinth/$name.started)" = "$(systemctl show -p InvocationID $name)" ]; then ours=yes; else ours=no; fi
  fi
  printf 'start is ours %s\\t%s\\n' $name $ours
  printf 'has read %s\\t%s\\n' $name "$(sha256sum -c --quiet /run/$name.read 2>&1 && echo what is there)"
done`

const databaseScript = `SELECT CONCAT('schema', '\\t', COALESCE(MAX(CONCAT_WS(' ', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME)), 'none')) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'killed';
SELECT CONCAT('table ', TABLE_NAME, '\\t', ENGINE, ' ', TABLE_COLLATION) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'killed';
SELECT CONCAT('column ', TABLE_NAME, '.', COLUMN_NAME, '\\t', CONCAT_WS(' ', COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLLATION_NAME)) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'killed';
SELECT CONCAT('index ', TABLE_NAME, '.', INDEX_NAME, ' ', SEQ_IN_INDEX, '\\t', CONCAT_WS(' ', COLUMN_NAME, NON_UNIQUE, SUB_PART)) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = 'killed';
SELECT CONCAT('account ', User, '@', Host, '\\t', plugin) FROM mysql.user WHERE User = 'killed';
SELECT CONCAT('grant ', GRANTEE, ' ', PRIVILEGE_TYPE, '\\t', TABLE_SCHEMA, ' ', IS_GRANTABLE) FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE LIKE '_killed%';`

const rowsScript = `SELECT CONCAT('row owner ', name, '\\t', enabled) FROM killed.owner;
SELECT CONCAT('row item ', id, '\\t', CONCAT_WS(' ', name, content)) FROM killed.item;`

/**
 * Everything that the site is made of, on all machines. Each start has an id of its own, so that of the note of a start is
 * compared whether it is the one that runs. The audit log is left out: it says what every run did, and must tell two runs from one.
 */
export async function snapshot(): Promise<Snapshot> {
  const texts = await Promise.all([
    ...machines.map(async (machine) => ({ machine, text: await inside(machine, hostScript(machine)) })),
    mysql(`${databaseScript}\n`).then(async (text) => ({
      machine: 'db1',
      // Tables that are not there yet are no failure.
      text: text + (await mysql(rowsScript).catch(() => '')),
    })),
  ])
  return new Map(
    texts.flatMap(({ machine, text }) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): [string, string] => {
          const [thing = '', ...state] = line.split(/\t|\\t/)
          return [`${machine} ${thing}`, state.join(' ')]
        }),
    ),
  )
}

/** The things in which two snapshots differ, each with both states. */
export const differences = (found: Snapshot, expected: Snapshot): readonly string[] =>
  [...new Set([...found.keys(), ...expected.keys()])]
    .filter((thing) => found.get(thing) !== expected.get(thing))
    .map((thing) => `${thing}: ${found.get(thing) ?? 'not there'}, expected ${expected.get(thing) ?? 'nothing'}`)
    .sort()

/** Names that nothing looks for: files on their way, notes that something was touched. */
const onTheWay = /\/\.plinth\.|\.part$|\.plinth$|\.stale$/

/**
 * Files and links under their final names that are neither as they were nor as they will be. A new content comes with
 * its new owner and mode, or who may not read it could.
 */
export function halfWritten(found: Snapshot, before: Snapshot, after: Snapshot): readonly string[] {
  const content = (state = ''): string => (state.startsWith('file ') ? state.split(' ').slice(4).join(' ') : state)
  return [...found]
    .filter(([thing, state]) => / \//.test(thing) && /^(file|link) /.test(state) && !onTheWay.test(thing))
    .filter(([thing, state]) => content(state) !== content(before.get(thing)) && state !== after.get(thing))
    .map(([thing, state]) => `${thing}: ${state}, neither ${before.get(thing)} nor ${after.get(thing)}`)
}
