/** What the readers of the course met: each is named with its remedy, before anything is written where that is possible. */
import { assert, suite } from '../kit.ts'
import { complaints, differing, inside, inventory, playbook, prepareLab, site } from './playbook.ts'

const test = suite('faults')
const hosts = ['db1', 'nacos1']
/** One node on its own: what is tested here does not need a cluster. */
const single = (change: (text: string) => string = (text) => text): string =>
  inventory('lab', (text) =>
    change(
      text.replace(/ +nacos[23]: .*\n/g, '').replace('version: 2.2.4', 'version: 2.2.4\n          mode: standalone'),
    ),
  )

test(
  'bare hosts',
  async () => {
    await prepareLab(hosts, ['2.2.4'])
  },
  { timeout: 900 },
)

interface Fault {
  readonly name: string
  /** Shell that makes the fault on a host, and takes it back. */
  readonly make?: readonly [host: string, command: string]
  readonly mend?: readonly [host: string, command: string]
  readonly change?: (text: string) => string
  readonly says: RegExp
}

const faults: readonly Fault[] = [
  {
    name: 'a port is taken',
    make: ['nacos1', 'systemd-run -q --unit=squatter systemd-socket-activate -l 9848 /bin/cat; sleep 1'],
    mend: ['nacos1', 'systemctl stop squatter'],
    says: /port:9848: taken by systemd-socket.*stop that program, or choose another nacos\.port/,
  },
  {
    name: 'MySQL is down',
    make: ['db1', 'systemctl stop mysql'],
    mend: ['db1', 'systemctl start mysql'],
    says: /3306: nothing listens there/,
  },
  {
    name: 'the password of the database administrator is wrong',
    change: (text) => text.replace('secrets/mysql_admin_password', 'secrets/db_password'),
    says: /access denied for 'plinth_admin'.*check the password/,
  },
  {
    name: 'the JDK that is declared is another one',
    make: [
      'nacos1',
      'apt-get -qy install openjdk-17-jre-headless >/dev/null 2>&1; mkdir -p /opt/java; ln -sfn /usr/lib/jvm/java-17-openjdk-amd64 /opt/java/8',
    ],
    mend: ['nacos1', 'rm -rf /opt/java; apt-get -qy purge openjdk-17-jre-headless >/dev/null 2>&1'],
    change: (text) => text.replace('version: 8', 'version: 8\n          home: /usr/lib/jvm/java-17-openjdk-amd64'),
    says: /java -version says 17, declared is 8; install a JDK 8/,
  },
  {
    name: 'the memory is not enough',
    change: (text) => text.replace('{ xms: 512m, xmx: 512m }', '{ xms: 512m, xmx: 900g }'),
    says: /MB in all, \d+ MB are needed for heaps of 921600 MB; give the host more memory, or set nacos\.heap smaller/,
  },
  {
    name: 'the disk is too small',
    make: ['nacos1', 'mkdir -p /opt/nacos && mount -t tmpfs -o size=64m small /opt/nacos'],
    mend: ['nacos1', 'umount /opt/nacos; rmdir /opt/nacos'],
    says: /disk:\/opt\/nacos: \d+ MB are free, \d+ MB are needed; free some space/,
  },
  {
    name: 'the address is not one of the host',
    change: (text) => text.replace(/nacos1: \{ (.*) \}/, 'nacos1: { $1, nacos_address: 192.0.2.77 }'),
    says: /address:192\.0\.2\.77: this host does not have that address; it has .*set nacos\.address/,
  },
]

for (const { name, make, mend, change, says } of faults) {
  test(
    `${name}: said by name, and nothing is written`,
    async () => {
      if (make) await inside(...make)
      try {
        const { code, report } = await site(single(change))
        assert.is(code, 1)
        assert.match(complaints(report), says)
        assert.is(
          report.hosts.reduce((sum, { changed }) => sum + changed, 0),
          0,
        )
        assert.is(
          await inside('nacos1', 'ls /opt /etc/plinth 2>/dev/null | grep -c -E "nacos$" || true').then((text) =>
            text.trim(),
          ),
          make?.[1].includes('/opt/nacos') ? '1' : '0',
        )
      } finally {
        if (mend) await inside(...mend)
      }
    },
    { timeout: 120 },
  )
}

test(
  'the node can not reach its database: said before it is started',
  async () => {
    const path = single((text) => text.replace(/( +)host: (\S+)/, '$1host: 192.0.2.99'))
    await inside('nacos1', 'ip route add blackhole 192.0.2.99')
    try {
      const { code, report } = await site(path)
      assert.is(code, 1)
      assert.match(complaints(report), /nacos1 → .*192\.0\.2\.99/)
      assert.is(await inside('nacos1', 'systemctl is-active nacos || true').then((text) => text.trim()), 'inactive')
    } finally {
      await inside('nacos1', 'ip route del blackhole 192.0.2.99')
    }
  },
  { timeout: 200 },
)

test(
  'a start that fails is not waited for, and its cause is named from the logs',
  async () => {
    const { code, report, stderr } = await site(
      single((text) => text.replace('version: 2.2.4', 'version: 2.2.4\n          java_flags: ["-XX:NoSuchFlag=1"]')),
    )
    assert.is(code, 1)
    assert.match(complaints(report), /nacos1: wrong JDK: .*NoSuchFlag/, stderr)
  },
  { timeout: 200 },
)

test(
  'the next run with the mistake mended converges',
  async () => {
    const { code, report } = await site(single())
    assert.is(code, 0, complaints(report))
    const again = await site(single())
    assert.is(again.code, 0, complaints(again.report))
    assert.equal(differing(again.report), [])
  },
  { timeout: 300 },
)

test(
  'an interrupt ends the run after the step in hand, and the next run finishes the job',
  async () => {
    await inside('nacos1', 'systemctl stop nacos; rm -rf /opt/nacos/releases/2.2.4 /var/cache/plinth/*')
    const { code, stderr, stdout } = await playbook('site', ['-i', single()], {
      interruptAt: /send nacos-server\S+ \(\d+ MB\) \(/,
    })
    assert.is(code, 130, stderr)
    assert.match(stdout, /Interrupted after .* Go on with: npx tsx playbooks\/site\.ts/)
    assert.not.match(stderr, /start nacos\.service/)
    assert.is(
      await inside('nacos1', 'ls -A /opt/nacos/releases | grep -c plinth || true').then((text) => text.trim()),
      '0',
    )
    const next = await site(single())
    assert.is(next.code, 0, complaints(next.report))
  },
  { timeout: 300 },
)

test(
  'a second run while one holds the lock is refused and told who holds it',
  async () => {
    // Much to do, so that the later of them finds it undone too, however far behind the other it is.
    await inside('nacos1', 'systemctl stop nacos; rm -rf /opt/nacos/releases/2.2.4 /var/cache/plinth/*')
    const [a, b] = await Promise.all([site(single()), site(single())])
    const codes = [a.code, b.code].sort()
    const text = `${complaints(a.report)}\n${complaints(b.report)}`
    assert.equal(codes, [0, 1], text)
    assert.match(text, /another run (is at work there|holds the lock)/)
    assert.match(text, /pid \d+/)
  },
  { timeout: 300 },
)

test.run()
