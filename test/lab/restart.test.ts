/** When a process is restarted, and when not: read from a real systemd, after edits by hand and runs that were cut. */
import { join } from 'node:path'
import type { MachineChannel } from '../../lib/core/channel.ts'
import { parseFacts } from '../../lib/core/facts.ts'
import type { Plan, Resource } from '../../lib/core/resource.ts'
import { realWorld } from '../../lib/edge/world.ts'
import { planResources } from '../../lib/engine/selection.ts'
import { facts as factsReader, unit as unitReader } from '../../lib/readers.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import { type UnitOptions, unit, unitQuestion } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { answering } from '../edge/askers.ts'
import { assert, suite } from '../kit.ts'
import { inside, prepareLab, testLab } from './playbook.ts'

const test = suite('restart')
/** On a busy machine a command inside a host takes its time. */
const patient = { timeout: 60 }
const host = 'nacos1'
const on = (command: string): Promise<string> => inside(host, command).then((text) => text.trim())

const config = inputOf('reads', file('/etc/reads.conf', { content: 'declared\n', mode: '0644' }))
const data = inputOf('reads', directory('/opt/reads'))
const definition = `[Service]
Type=exec
EnvironmentFile=/etc/plinth/reads.env
ExecStart=/bin/sh -c 'cat /etc/reads.conf >/run/reads; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`
const list = (options: Partial<UnitOptions> = {}): readonly Resource[] => [
  directory('/etc/plinth', { mode: '0700' }),
  config,
  data,
  ...unit('reads', { definition, runs: [config, data], settles: 0, ...options }),
]

let channel: MachineChannel
const ask = async (resources: readonly Resource[]): Promise<readonly Plan[]> =>
  planResources(resources, await channel.ask(resources.flatMap(({ probe }) => probe)))

/** Does steps; throws at the first that fails. */
async function act(plans: readonly Plan[]): Promise<void> {
  for await (const { code, step, stderr } of channel.act(plans.flatMap(({ steps }) => steps)))
    if (code !== 0) throw new Error(`${step.say}: ${code}: ${stderr}`)
}

interface Told {
  /** `key: to` of the unit. */
  readonly changes: readonly string[]
  readonly restarted: boolean
}

/** Plans and applies; asserts that all is kept then, that the plan foretold the restart, and that what runs has read what is declared. */
async function apply(resources: readonly Resource[] = list()): Promise<Told> {
  const pid = await on('systemctl show -p MainPID --value reads')
  const plans = await ask(resources)
  await act(plans)
  assert.equal(
    (await ask(resources)).filter(({ action }) => action !== 'keep'),
    [],
  )
  const now = await on('systemctl show -p MainPID --value reads')
  const { changes, disrupts = false } = plans.find(({ id }) => id === 'unit:reads')!
  const restarted = now !== pid
  assert.is(disrupts !== false, restarted && pid !== '0')
  assert.is(await on('cat /run/reads /etc/reads.conf'), 'declared\ndeclared')
  assert.is(await on('ls /etc/plinth'), 'reads.env\nreads.started')
  return { changes: changes.map(({ key, to }) => `${key}: ${to}`), restarted }
}

/** Until the clock shows another second, so that what follows is known to be later. */
const nextSecond = (): Promise<string> =>
  on('s=$(date +%s); while [ "$(date +%s)" -le $((s + 1)) ]; do sleep 0.1; done')

const never = (...ids: readonly string[]): string =>
  `no restart: the running process has never read what changes back: ${ids.join(', ')}`
const unknown = (id: string): string =>
  `restart: because of ${id}; whether the running process has read it can't be known`

test(
  'a bare host with one service',
  async () => {
    await prepareLab([host], [])
    const { folder } = testLab.layout
    channel = await realWorld(answering()).open({
      key: host,
      name: host,
      connection: {
        address: testLab.addressOf(host),
        port: null,
        user: 'root',
        privateKey: join(folder, 'id_ed25519'),
        sshArguments: ['-F', 'none', '-o', `UserKnownHostsFile=${folder}/known_hosts`],
        hostKeys: [],
        password: null,
        become: null,
        machine: host,
      },
    })
    await apply()
    assert.is(
      await on('head -n 1 /etc/plinth/reads.started'),
      `InvocationID=${await on('systemctl show -p InvocationID --value reads')}`,
    )
    assert.equal(await apply(), { changes: [], restarted: false })
  },
  { timeout: 600 },
)

test(
  'edits that a process started by us has never read: changed back, without a restart',
  async () => {
    await nextSecond()
    await on('echo edited >/etc/reads.conf')
    assert.equal(await apply(), { changes: [never(config.id)], restarted: false })
    await on('chmod 0666 /etc/reads.conf; echo "# edited" >>/etc/systemd/system/reads.service')
    assert.equal(await apply(), {
      changes: ['reload: no', never(config.id, 'file:/etc/systemd/system/reads.service')],
      restarted: false,
    })
  },
  patient,
)

test(
  'an edit while the process may still be reading: restarted, and said why',
  async () => {
    await on('echo edited >/etc/reads.conf')
    assert.equal(await apply(list({ settles: 100_000 })), { changes: [unknown(config.id)], restarted: true })
  },
  patient,
)

test(
  'an edit before a restart by hand: the process has read it',
  async () => {
    await on('echo edited >/etc/reads.conf; systemctl restart reads; sleep 0.2; grep -q edited /run/reads')
    assert.equal(await apply(), { changes: [unknown(config.id)], restarted: true })
  },
  patient,
)

test(
  'an edit that a restart by hand has read, put back by hand: nothing differs, and what runs is another',
  async () => {
    const unnoticed = (id: string): string =>
      `restart: ${id} changed after a start that was not Plinth's: whether it has read what is there now can't be known`
    // The unit's own file may have been written a moment before.
    await nextSecond()
    await on('echo edited >/etc/reads.conf; systemctl restart reads; sleep 0.2; grep -q edited /run/reads')
    await on('echo declared >/etc/reads.conf')
    assert.equal(await apply(), { changes: [unnoticed(config.id)], restarted: true })
    assert.equal(await apply(), { changes: [], restarted: false })
    await nextSecond()
    await on('cd /etc/systemd/system; sed -i.bak s/infinity/100000/ reads.service; systemctl daemon-reload')
    await on('systemctl restart reads; mv /etc/systemd/system/reads.service.bak /etc/systemd/system/reads.service')
    assert.is(await on('systemctl show -p NeedDaemonReload --value reads'), 'no')
    const unitFile = 'file:/etc/systemd/system/reads.service'
    assert.equal(await apply(), { changes: [unnoticed(unitFile)], restarted: true })
    assert.match(await on('systemctl show -p ExecStart --value reads'), /exec sleep infinity/)
    assert.equal(await apply(), { changes: [], restarted: false })
  },
  patient,
)

test(
  'an edit that was read, and one after it: what the file says now is not what the process has read',
  async () => {
    await on('echo edited >/etc/reads.conf; systemctl restart reads')
    await nextSecond()
    await on('echo edited again >/etc/reads.conf')
    assert.equal(await apply(), { changes: [unknown(config.id)], restarted: true })
  },
  patient,
)

test(
  'a process that died and was started by systemd may have read anything',
  async () => {
    const restarting = definition.replace('[Service]', '[Service]\nRestart=always')
    await apply(list({ definition: restarting }))
    await on('systemctl kill -s KILL reads; until systemctl is-active -q reads; do sleep 0.1; done')
    await nextSecond()
    await on('echo edited >/etc/reads.conf')
    assert.equal(await apply(list({ definition: restarting })), { changes: [unknown(config.id)], restarted: true })
    assert.is((await apply()).restarted, true)
  },
  patient,
)

test(
  'what is no file, or is gone, tells no time',
  async () => {
    await nextSecond()
    await on('chmod 0777 /opt/reads')
    assert.equal(await apply(), { changes: [unknown(data.id)], restarted: true })
    await nextSecond()
    await on('rm /etc/reads.conf')
    assert.equal(await apply(), { changes: [unknown(config.id)], restarted: true })
  },
  patient,
)

test(
  'a run that is killed between the write and the start: the next one restarts, unless the process has never read the edit',
  async () => {
    await nextSecond()
    await on('echo edited >/etc/reads.conf')
    await act((await ask(list())).filter(({ id }) => id === config.id))
    const never = 'no restart: the running process has never read what was changed back'
    assert.equal(await apply(), { changes: [never], restarted: false })
    await on('echo edited >/etc/reads.conf; systemctl restart reads')
    await act((await ask(list())).filter(({ id }) => id === config.id))
    assert.equal(await apply(), { changes: ['stale: no'], restarted: true })
  },
  patient,
)

test(
  'a run that is killed between the write and the start, and a restart by hand after it: nothing but the note is left',
  async () => {
    const files = list({ runs: [config] })
    assert.is((await apply(files)).restarted, true)
    const cut = async (id: string): Promise<void> => {
      await act((await ask(files)).filter((plan) => plan.id === id))
      await nextSecond()
      await on('systemctl daemon-reload; systemctl restart reads')
    }
    await on('echo edited >/etc/reads.conf')
    await cut(config.id)
    const since = 'no restart: the running process was started after its inputs were touched last'
    assert.equal(await apply(files), { changes: [since], restarted: false })
    assert.equal(await apply(files), { changes: [], restarted: false })
    const own = '/etc/systemd/system/reads.service'
    await on(`echo '# edited' >>${own}`)
    await cut(`file:${own}`)
    assert.equal(await apply(files), { changes: ['stale: no'], restarted: true })
    assert.is((await apply()).restarted, true)
  },
  patient,
)

test(
  'a service that was stopped is started, and that takes nothing away',
  async () => {
    await on('systemctl stop reads')
    assert.is((await apply()).restarted, true)
  },
  patient,
)

test(
  'a process that shows no environment: what it was started with is noted, until somebody else starts it',
  async () => {
    const bare = list({ definition: definition.replace('exec sleep', 'exec env -i sleep') })
    assert.is((await apply(bare)).restarted, true)
    assert.equal(await apply(bare), { changes: [], restarted: false })
    assert.is(await on('stat -c %a /etc/plinth/reads.started'), '600')
    await on('systemctl restart reads')
    assert.equal((await apply(bare)).changes, ['inputs: another ***'])
    assert.is((await apply()).restarted, true)
  },
  patient,
)

test(
  'a unit that counts as started before its program runs is read when that runs',
  async () => {
    // Its standard input is opened by systemd's own process, in its place, and waits for whoever writes.
    await on(`mkfifo /run/reads.gate
cat >/run/reads.sh <<'END'
old=$1
until p=$(systemctl show -p MainPID --value reads) && [ "$p" != 0 ] && [ "$p" != "$old" ]; do sleep 0.05; done
sleep 1
: >/run/reads.gate
END
systemd-run -q sh /run/reads.sh "$(systemctl show -p MainPID --value reads)"`)
    const slow = definition.replace('Type=exec', 'Type=simple\nStandardInput=file:/run/reads.gate')
    assert.is((await apply(list({ definition: slow }))).restarted, true)
    assert.is((await apply()).restarted, true)
    await on('rm /run/reads.gate /run/reads.sh')
  },
  patient,
)

test(
  'what is declared no more is stopped and removed with all that belongs to it, also without its file',
  async () => {
    const removal = [leftover('unit:reads'), leftover('file:/etc/systemd/system/reads.service')].filter(
      (one) => one !== undefined,
    )
    for (const damage of [
      ':',
      'rm /etc/systemd/system/reads.service',
      'systemctl stop reads',
      'systemctl kill -s KILL reads',
    ]) {
      await on(damage)
      const plans = await ask(removal)
      assert.is(plans[0]!.action, 'remove')
      assert.is(plans[0]!.disrupts ?? false, !/stop|kill/.test(damage), damage)
      await act(plans)
      assert.equal(
        (await ask(removal)).map(({ action }) => action),
        ['keep', 'keep'],
        damage,
      )
      const left = 'systemctl show -p LoadState -p ActiveState -p MainPID --value reads | sort; ls -A /etc/plinth'
      assert.is(await on(left), '0\ninactive\nnot-found', damage)
      assert.is(await on('find /etc/systemd /run/systemd -name "*reads*"'), '', damage)
      await apply()
    }
  },
  patient,
)

test(
  'several services that are asked for at once answer as each does alone',
  async () => {
    const here = '/etc/systemd/system'
    await on(`cp ${here}/reads.service '${here}/with:all_of.it@-1.service'
cp ${here}/reads.service '${here}/a\\x20b.service'
ln -s reads.service ${here}/also-reads.service
ln -s /dev/null ${here}/masked.service
echo nonsense >${here}/broken.service
systemctl daemon-reload`)
    const names = [
      'also-reads',
      'none',
      'masked',
      'reads',
      'with:all_of.it@-1',
      'broken',
      'a\\x20b',
      'ssh',
      'dbus',
      'x@y',
    ]
    const questions = names.map((name) => unitQuestion(name))
    const steady = (answer: string): string => answer.replace(/^Now=.*$/m, '')
    const together = await channel.ask(questions)
    for (const question of questions) {
      const alone = await channel.ask([question])
      assert.match(alone(question), /^LoadState=/m)
      assert.is(steady(together(question)), steady(alone(question)), question.key)
    }
    const keys = questions.map(({ key }) => key)
    const script = unitReader(keys).replace('show() {', 'show() { echo "$*" >>/run/asked')
    for await (const { code } of channel.act([{ say: 'count', run: script }])) assert.is(code, 0)
    const others = 'in one process, but for a name that systemd writes otherwise'
    assert.is(await on('cat /run/asked'), `${keys.join(' ')}\na\\x20b.service`, others)
    // A template is no unit, and said to be none.
    const template = unitQuestion('template@')
    assert.match(await channel.ask([...questions, template]).then(() => '', String), /template@/)
    await on(`cd ${here} && rm with* a* masked* broken* && systemctl daemon-reload; rm /run/asked`)
  },
  patient,
)

test(
  'its version of systemd and its kind of machine are those that programs tell',
  async () => {
    const machine = { reader: factsReader, key: 'machine' }
    const facts = parseFacts((await channel.ask([machine]))(machine))
    const told = await on("systemctl --version | sed -n '1s/^systemd \\([0-9]*\\).*/\\1/p'; uname -m")
    assert.is(`${facts.systemd}\n${facts.arch === 'amd64' ? 'x86_64' : 'aarch64'}`, told)
    const script = factsReader(['machine'])
    const without = `systemctl() { exit 9; }\nuname() { exit 9; }\n${script}`
    for await (const { code } of channel.act([{ say: 'facts', run: without }]))
      assert.is(code, 0, 'no process for them')
  },
  patient,
)

test(
  'the connection is closed, and the host as it was',
  async () => {
    const ids = ['unit:reads', `file:/etc/reads.conf`, 'directory:/opt/reads']
    for (const id of ids) await act(await ask([leftover(id)!]))
    await on('rm -r /etc/plinth')
    await channel.close()
  },
  patient,
)

test.run()
