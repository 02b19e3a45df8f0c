/** --tags, --limit, --step and the lists on real hosts: a service and its database. The tests build on each other. */
import { assert, suite } from '../kit.ts'
import { partHosts, preparePart } from './part.ts'
import { inside, mainPid, playbook, testLab } from './playbook.ts'

const test = suite('selection')
const hosts = partHosts
const words = '/opt/part/words'
let path = ''

const part = (...args: readonly string[]) => playbook('../test/lab/part-site', ['-i', path, ...args])
const marks = () => Promise.all(hosts.map((host) => testLab.mark(host)))
const logins = async (since: Awaited<ReturnType<typeof marks>>): Promise<readonly number[]> => {
  const counted = await Promise.all(hosts.map((host, index) => testLab.connections(host, since[index]!)))
  return counted.map(({ logins }) => logins)
}
const pid = (): Promise<string> => mainPid('nacos1', 'part')
const clean = `systemctl stop part 2>/dev/null; rm -rf /opt/part /etc/systemd/system/part.service /etc/plinth/part.* /var/lib/plinth; systemctl daemon-reload`

test(
  'a service and its database',
  async () => {
    path = await preparePart()
    await inside('nacos1', clean)
    await inside('db1', 'mysql -e "DROP DATABASE IF EXISTS part"')
    const { code, stdout, stderr } = await part()
    assert.is(code, 0, `${stdout}${stderr}`)
  },
  { timeout: 900 },
)

test(
  'a changed input that is selected is written; the unit is left, the run says so, and the next whole run restarts it',
  async () => {
    const before = await pid()
    const other = ['-e', 'words=other']
    const tagged = await part('--tags', 'conf', ...other)
    assert.is(tagged.code, 0, `${tagged.stdout}${tagged.stderr}`)
    assert.match(
      tagged.stderr,
      /warning: nacos1: unit:part has to be restarted because of file:\/opt\/part\/words, and is not selected; run again with --tags run, or without/,
    )
    assert.match(tagged.stdout, /Done: 1 resource changed/)
    assert.is((await inside('nacos1', `cat ${words}`)).trim(), 'other')
    assert.is(await pid(), before)
    const again = await part('--tags', 'conf', '--check', ...other)
    assert.is(again.code, 0, 'the selected part is as declared')
    assert.match(again.stdout, /more resources? differs? on 1 host and (is|are) not selected/)
    for (const args of [other, []]) {
      if (args.length === 0) assert.is((await part('--tags', 'conf')).code, 0)
      const running = await pid()
      const whole = await part(...args)
      assert.is(whole.code, 0, `${whole.stdout}${whole.stderr}`)
      assert.match(whole.stderr, /restart part\.service/)
      assert.is.not(await pid(), running)
      assert.match((await part('--check', ...args)).stdout, /Nothing differs/)
    }
  },
  { timeout: 180 },
)

test(
  'a part is one login where it is, and none elsewhere; what it stands on blocks it, and nothing is written',
  async () => {
    await part()
    const since = await marks()
    assert.is((await part('--tags', 'conf', '--check')).code, 0)
    assert.equal(await logins(since), [0, 1])
    await inside('nacos1', 'chmod 0700 /opt/part; rm /opt/part/aside')
    const blocked = await part('--tags', 'conf')
    assert.is(blocked.code, 1)
    assert.match(
      blocked.stderr,
      /file:\/opt\/part\/aside: it stands on directory:\/opt\/part, which differs and is not selected; add --tags folders/,
    )
    assert.is((await inside('nacos1', 'ls /opt/part')).trim(), 'words')
    const both = await part('-t', 'conf', '-t', 'folders')
    assert.is(both.code, 0, both.stderr)
    assert.match(both.stdout, /Done: 2 resources changed/)
  },
  { timeout: 120 },
)

test(
  'a limit: a table that differs blocks the host that stands on it, and is left as it is',
  async () => {
    await inside('db1', 'mysql part -e "ALTER TABLE said DROP COLUMN words"')
    await inside('nacos1', 'rm /opt/part/aside')
    const blocked = await part('--limit', 'nacos1')
    assert.is(blocked.code, 1)
    assert.match(
      blocked.stderr,
      /db1: service stands on schema here, where table:part\.said differs; add db1 to --limit, or go on with --force/,
    )
    assert.is((await inside('nacos1', 'ls /opt/part')).trim(), 'words')
    const forced = await part('--limit', 'nacos1', '--force')
    assert.is(forced.code, 0, forced.stderr)
    assert.is((await inside('nacos1', 'ls /opt/part')).trim(), 'aside\nwords')
    assert.not.match(await inside('db1', 'mysql -N part -e "SHOW COLUMNS FROM said"'), /words/)
    assert.is((await part('--limit', 'db1')).code, 0)
    const { code, stderr } = await part('--limit', 'nacos1', '--check')
    assert.is(code, 0)
    assert.match(stderr, /stands on schema on db1: as declared/)
  },
  { timeout: 120 },
)

test(
  'the lists, an unknown tag and --step without a terminal need nobody once the facts are known',
  async () => {
    const since = await marks()
    const tree = await part('--list-tasks', '--tags', 'conf')
    assert.is(tree.code, 0)
    assert.is(
      tree.stdout,
      `ground
  nacos1
    directory:/opt/part  folders (only looked at)
service (serial 1)
  nacos1
    file:/opt/part/words  conf
    file:/opt/part/aside  conf
`,
    )
    const wrong = await part('--tags', 'cnof')
    assert.is(wrong.code, 4)
    assert.match(
      wrong.stderr,
      /^--tags: there is no tag "cnof"; did you mean "conf"\? known: conf, directory, file, folders/,
    )
    const step = await part('--step')
    assert.is(step.code, 4)
    assert.match(step.stderr, /--step: there is no terminal to ask on; add --yes, or leave it out/)
    assert.equal(await logins(since), [0, 0])
    assert.is((await part('--step', '--yes')).code, 0)
  },
  { timeout: 60 },
)

test.run()
