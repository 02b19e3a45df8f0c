/** What a run leaves on real hosts (audit lines, receipts), and what becomes of what is declared no longer. The tests build on each other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { preparePart } from './part.ts'
import { changesBetween, inside, playbook, snapshot, testLab } from './playbook.ts'

const test = suite('leftovers')
const aside = '/opt/part/aside'
let path = ''

const part = (...args: readonly string[]) => playbook('../test/lab/part-site', ['-i', path, ...args])
const on = (command: string, host = 'nacos1'): Promise<string> => inside(host, command).then((text) => text.trim())
const there = (file: string): Promise<string> => on(`[ -e ${file} ] && echo there || echo gone`)
/** What the machine remembers of the site; its name has the inventory's in it. */
const receipt = (): Promise<readonly string[]> =>
  on('cat /var/lib/plinth/receipts/part-site@*').then((text) => text.split('\n'))

test(
  'a run that changes something leaves a line before and one after, in the journal and in a file of root, without a secret',
  async () => {
    path = await preparePart()
    await inside(
      'nacos1',
      'systemctl stop part 2>/dev/null; rm -rf /opt/part /etc/systemd/system/part.service /etc/plinth /var/lib/plinth /var/log/plinth; systemctl daemon-reload',
    )
    await inside('db1', 'rm -rf /var/lib/plinth /var/log/plinth; mysql -e "DROP DATABASE IF EXISTS part"')
    const { code, stdout, stderr } = await part()
    assert.is(code, 0, `${stdout}${stderr}`)
    const log = await on('cat /var/log/plinth/audit.log')
    assert.is(await on('stat -c "%a %U" /var/log/plinth /var/log/plinth/audit.log'), '700 root\n600 root')
    const lines = log.split('\n')
    assert.equal(
      lines.map((line) => /play=(\w+) host=nacos1 plan=\w{12} (begin: create|end: ok)/.exec(line)?.slice(1).join(' ')),
      ['ground begin: create', 'ground end: ok', 'service begin: create', 'service end: ok'],
    )
    assert.match(lines[2]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ run=\w{8} by=\S+@\S+ pid=\d+ site=part-site@/)
    assert.match(lines[2]!, /create unit:part$/)
    const journal = await on('journalctl -t plinth -o cat --no-pager')
    for (const line of lines) assert.ok(journal.includes(line.slice(21)), line)
    const database = await on('cat /var/log/plinth/audit.log', 'db1')
    assert.match(database, /play=schema host=db1 plan=\w{12} begin: create schema:part, create table:part\.said/)
    const secrets = join(testLab.layout.folder, 'secrets')
    for (const name of readdirSync(secrets)) {
      const secret = readFileSync(join(secrets, name), 'utf8').trim()
      for (const text of [log, journal, database]) assert.not.ok(text.includes(secret), name)
    }
  },
  { timeout: 900 },
)

test(
  'the host remembers what is declared there, and a run that changes nothing leaves nothing',
  async () => {
    assert.is(await on('stat -c "%a %U" /var/lib/plinth /var/lib/plinth/receipts'), '700 root\n700 root')
    assert.equal(await receipt(), [
      'nacos1\tdirectory:/opt/part',
      'nacos1\tdirectory:/etc/plinth',
      'nacos1\tfile:/opt/part/words',
      'nacos1\tfile:/opt/part/aside',
      'nacos1\tfile:/etc/systemd/system/part.service',
      'nacos1\tfile:/etc/plinth/part.env',
      'nacos1\tunit:part',
    ])
    const [before, log] = [await snapshot('nacos1'), await on('cat /var/log/plinth/audit.log')]
    assert.is((await part()).code, 0)
    assert.equal(changesBetween(before, await snapshot('nacos1')), [])
    assert.is(await on('cat /var/log/plinth/audit.log'), log)
  },
  { timeout: 180 },
)

test(
  'what is declared no longer is shown and stays; --prune removes it, and nothing else',
  async () => {
    const without = ['-e', 'aside=false']
    const before = await snapshot('nacos1')
    const shown = await part('--check', ...without)
    assert.is(shown.code, 0, `${shown.stdout}${shown.stderr}`)
    assert.match(shown.stdout, /No longer declared\nnacos1\n {2}\? file:\/opt\/part\/aside\n/)
    assert.is((await part(...without)).code, 0)
    const planned = await part('--check', '--prune', ...without)
    assert.is(planned.code, 2, `${planned.stdout}${planned.stderr}`)
    assert.match(planned.stdout, /no longer declared: nacos1\n {2}- file:\/opt\/part\/aside\n/)
    assert.equal(changesBetween(before, await snapshot('nacos1')), [], 'so far nothing is touched')

    const pruned = await part('--prune', ...without)
    assert.is(pruned.code, 0, `${pruned.stdout}${pruned.stderr}`)
    assert.is(await there(aside), 'gone')
    assert.is(await there('/opt/part/words'), 'there')
    assert.is(await on('systemctl is-active part'), 'active')
    assert.not.ok((await receipt()).some((line) => line.endsWith(aside)))
    const again = await part('--prune', ...without)
    assert.is(again.code, 0)
    assert.match(again.stdout, /Nothing had to change/)
    assert.not.match(again.stdout, /o longer declared/)
  },
  { timeout: 180 },
)

test(
  'a service that is declared no longer is stopped first, and then all that it had goes; what others have there stays',
  async () => {
    // Another site has a file of it too: it is not this one's to remove.
    await on("printf 'nacos1\\tfile:/opt/part/words\\n' >/var/lib/plinth/receipts/other@lab")
    const without = ['-e', 'aside=false', '-e', 'service=false']
    const pruned = await part('--prune', ...without)
    assert.is(pruned.code, 0, `${pruned.stdout}${pruned.stderr}`)
    assert.is(await on('systemctl show -p LoadState -p ActiveState part'), 'LoadState=not-found\nActiveState=inactive')
    for (const file of ['/etc/systemd/system/part.service', '/etc/plinth/part.env'])
      assert.is(await there(file), 'gone')
    assert.is(await there('/opt/part/words'), 'there')
    assert.match(await on('tail -n 1 /var/log/plinth/audit.log'), /forgets: .*unit:part/)
    const back = await part('-e', 'aside=false')
    assert.is(back.code, 0, `${back.stdout}${back.stderr}`)
    assert.is(await on('systemctl is-active part'), 'active')
  },
  { timeout: 180 },
)

test.run()
