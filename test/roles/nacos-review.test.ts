/** What can be said about the nodes at the desk, and where. */
import { review } from '../../roles/nacos-review.ts'
import { assert, suite } from '../kit.ts'
import { changed, cluster, good, type Swap } from './nodes.ts'

const test = suite('roles/nacos-review')

interface Case {
  readonly swaps?: readonly Swap[]
  /** Each `where: a piece of what`. */
  readonly errors?: readonly (readonly [where: string, what: string])[]
  /** Of the first error. */
  readonly remedy?: RegExp
  readonly warnings?: readonly (readonly [where: string, what: string])[]
}

const n2 = '{ ansible_host: 10.0.0.2 }'
const n3 = '        n3: { ansible_host: 10.0.0.3 }\n'
const standalone: readonly (readonly [string, string])[] = [
  ['        n2: { ansible_host: 10.0.0.2 }\n', ''],
  [n3, ''],
  ['version: 2.2.4', 'version: 2.2.4\n          mode: standalone'],
]

const cases: Readonly<Record<string, Case>> = {
  'three nodes of 2.2.4 with a database': {},
  'neighbouring ports on one machine': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8849, nacos_home: /opt/b, nacos_unit: b }']],
    errors: [['hosts.yaml:12:39', 'n2 (8849): its client gRPC port 9849 is the peer gRPC port of n1 (8848)']],
  },
  'ports 100 apart on one machine': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_home: /opt/b, nacos_unit: b }']],
  },
  'one folder for two': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_unit: b }']],
    errors: [['hosts.yaml:16:9', 'n2 and n1 are on one machine and share the home /opt/nacos']],
  },
  'a home within a folder of the other one': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_unit: b, nacos_home: /opt/nacos/data/b }']],
    errors: [['hosts.yaml:12:72', 'n2 has its home /opt/nacos/data/b in a folder of n1 (/opt/nacos)']],
  },
  'a home within a folder of a later one': {
    swaps: [
      [
        '{ ansible_host: 10.0.0.1 }',
        '{ ansible_host: 10.0.0.2, nacos_port: 8948, nacos_unit: b, nacos_home: /opt/nacos/logs }',
      ],
    ],
    errors: [['hosts.yaml:11:72', 'n1 has its home /opt/nacos/logs in a folder of n2 (/opt/nacos)']],
  },
  'a home below the other one, of another user': {
    swaps: [
      [n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_unit: b, nacos_home: /opt/nacos/8948, nacos_user: app }'],
    ],
    errors: [
      [
        'hosts.yaml:12:72',
        'n2 has its home /opt/nacos/8948 below that of n1 (/opt/nacos), where its user app may not enter',
      ],
    ],
  },
  'homes beside each other, one above the other, in no folder of it': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_unit: b, nacos_home: /opt/nacos/8948 }']],
  },
  'a heap that java refuses': {
    swaps: [['sha256:', 'heap: { xms: 2g, xmx: 1g }\n          sha256:']],
    errors: [['hosts.yaml:19:11', 'xms 2g is more than xmx 1g']],
  },
  'the consoles of two 3.x on one machine': {
    swaps: [
      [n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_home: /opt/b, nacos_unit: b }'],
      ['version: 2.2.4', 'version: 3.0.3'],
      ['java: { version: 8 }', 'java: { version: 17 }'],
    ],
    errors: [['hosts.yaml:16:9', 'n2 (8948): its console port 8080 is the console port of n1 (8848)']],
    warnings: [['hosts.yaml:17:11', '3.0 and 3.1']],
    remedy: /nacos\.console_port.*for example 8081$/,
  },
  'consoles that are told apart': {
    swaps: [
      [n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_console_port: 8081, nacos_home: /opt/b, nacos_unit: b }'],
      ['version: 2.2.4', 'version: 3.0.3'],
      ['java: { version: 8 }', 'java: { version: 17 }'],
    ],
    warnings: [['hosts.yaml:17:11', '3.0 and 3.1']],
  },
  'a console port that another port of the instance is': {
    swaps: [
      ['version: 2.2.4', 'version: 3.0.3\n          console_port: 9848'],
      ['java: { version: 8 }', 'java: { version: 17 }'],
    ],
    errors: [
      ['hosts.yaml:18:11', 'n1 (8848): 9848 is both its client gRPC port and its console port'],
      ['hosts.yaml:18:11', 'n2 (8848): 9848'],
      ['hosts.yaml:18:11', 'n3 (8848): 9848'],
    ],
    warnings: [['hosts.yaml:17:11', '3.0 and 3.1']],
  },
  'a console port for 2.x': {
    swaps: [['version: 2.2.4', 'version: 2.2.4\n          console_port: 8081']],
    warnings: [['hosts.yaml:18:11', 'the console of 2.x is at the main port']],
  },
  'an address of IPv6 in another spelling': {
    swaps: [
      ['{ ansible_host: 10.0.0.1 }', '{ ansible_host: 10.0.0.1, nacos_address: "FD00:0:0::1" }'],
      [n2, '{ ansible_host: 10.0.0.2, nacos_address: "fd00::1" }'],
      ['{ ansible_host: 10.0.0.3 }', '{ ansible_host: "FD00::3" }'],
    ],
    errors: [['hosts.yaml:11:39', '[fd00::1]:8848 is in the list twice']],
  },
  'one unit for two': {
    swaps: [[n2, '{ ansible_host: 10.0.0.1, nacos_port: 8948, nacos_home: /opt/b }']],
    errors: [['hosts.yaml:16:9', 'n2 and n1 are on one machine and share the unit nacos']],
  },
  'the same folder on two machines is fine': { swaps: [[n2, '{ ansible_host: 10.0.0.2, nacos_home: /opt/nacos }']] },
  'two nodes with one address': {
    swaps: [[n2, '{ ansible_host: 10.0.0.2, nacos_address: 10.0.0.1 }']],
    errors: [['hosts.yaml:16:9', '10.0.0.1:8848 is in the list twice']],
  },
  'a loopback address': {
    swaps: [[n2, '{ ansible_host: 10.0.0.2, nacos_address: 127.0.0.1 }']],
    errors: [['hosts.yaml:12:39', '127.0.0.1:8848: a loopback address']],
  },
  'a host name as the way to a node, and no address': {
    swaps: [[n2, '{ ansible_host: nacos2.example }']],
    errors: [
      ['hosts.yaml:16:9', 'the member would be known by the name nacos2.example'],
      ['hosts.yaml:16:9', 'nacos2.example:8848: members must all be IP addresses'],
    ],
  },
  'a host name as the way to a node, with an address': {
    swaps: [[n2, '{ ansible_host: nacos2.example, nacos_address: 10.0.0.2 }']],
  },
  'an even cluster': {
    swaps: [[n3, `${n3}        n4: { ansible_host: 10.0.0.4 }\n`]],
    warnings: [['hosts.yaml:17:9', '4 members survive the loss of 1, no more than 3']],
  },
  'a cluster that survives nothing': {
    swaps: [[n3, '']],
    warnings: [['hosts.yaml:15:9', '2 members survive the loss of none']],
  },
  'standalone needs no others': { swaps: standalone },
  'a BETA': {
    swaps: [['version: 2.2.4', 'version: 2.2.4-BETA']],
    errors: [['hosts.yaml:17:11', 'Nacos 2.2.4-BETA is a pre-release (BETA)']],
  },
  'a BETA that is allowed by name': {
    swaps: [['version: 2.2.4', 'version: 2.2.4-BETA\n          allow: [2.2.4-BETA]']],
  },
  'another BETA is allowed': {
    swaps: [['version: 2.2.4', 'version: 2.2.4-BETA\n          allow: [2.3.0-BETA]']],
    errors: [['hosts.yaml:17:11', 'is a pre-release']],
  },
  '1.x': {
    swaps: [['version: 2.2.4', 'version: 1.4.6']],
    errors: [['hosts.yaml:17:11', '1.x is at its end of life']],
  },
  'a JDK that is too old': {
    swaps: [['version: 2.2.4', 'version: 3.0.1']],
    errors: [['hosts.yaml:15:17', 'Nacos 3.0.1 needs JDK 17 or newer, this is JDK 8']],
    warnings: [['hosts.yaml:17:11', '3.0 and 3.1 are supported from their documentation']],
  },
  'a JDK with a note': {
    swaps: [
      ['version: 2.2.4', 'version: 2.0.3'],
      ['java: { version: 8 }', 'java: { version: 11 }'],
    ],
    warnings: [
      ['hosts.yaml:17:11', 'it ships known secrets'],
      ['hosts.yaml:17:11', 'can run code'],
      ['hosts.yaml:15:17', 'the startup.sh of 2.0.3 fails on JDK 11'],
    ],
  },
  'no archive and no URL': {
    swaps: [['          archive: /archives/nacos-server-2.2.4.tar.gz\n', '']],
    errors: [['hosts.yaml:16:9', 'exactly one of nacos.archive and nacos.url']],
  },
  'an archive and a URL': {
    swaps: [['archive:', 'url: https://mirror.example/nacos.tar.gz\n          archive:']],
    errors: [['hosts.yaml:19:11', 'exactly one of nacos.archive and nacos.url']],
  },
  'a token secret is missing': {
    swaps: [[/ +token_secret: .*\n/.exec(good)![0], '']],
    errors: [['hosts.yaml:16:9', 'does not start without a token secret']],
  },
  'a token secret that is too short': {
    swaps: [[/token_secret: .*/.exec(good)![0], 'token_secret: c2hvcnQ=']],
    errors: [['hosts.yaml:16:9', '5 bytes, at least 32 are needed']],
  },
  'auth, and nobody whom the gate knows': {
    swaps: [['            admin_password: adminpw\n', '']],
    warnings: [['hosts.yaml:20:11', 'auth is on without nacos.auth.admin_password: the gate can']],
  },
  'the same from 2.4 on': {
    swaps: [
      ['            admin_password: adminpw\n', ''],
      ['version: 2.2.4', 'version: 2.4.3'],
    ],
    errors: [['hosts.yaml:20:11', 'from 2.4.0 on there is no user to log in as']],
  },
  'no auth needs no password': {
    swaps: [
      ['            admin_password: adminpw\n', ''],
      ['enabled: true', 'enabled: false'],
    ],
    warnings: [['hosts.yaml:16:9', 'auth is off']],
  },
  '3.x wants the password also where auth is off': {
    swaps: [
      ['            admin_password: adminpw\n', ''],
      ['enabled: true', 'enabled: false'],
      ['version: 2.2.4', 'version: 3.0.3'],
      ['java: { version: 8 }', 'java: { version: 17 }'],
    ],
    errors: [['hosts.yaml:20:11', 'the admin API of 3.x asks for a login, whatever nacos.auth.enabled says']],
    remedy: /declare nacos\.auth\.admin_password/,
    warnings: [
      ['hosts.yaml:17:11', 'supported from their documentation'],
      ['hosts.yaml:16:9', 'auth is off'],
    ],
  },
  'a cluster of one would wait for another one': {
    swaps: [
      ['        n2: { ansible_host: 10.0.0.2 }\n', ''],
      [n3, ''],
    ],
    errors: [['hosts.yaml:14:9', 'a cluster of one member never gets ready']],
    remedy: /nacos\.mode: standalone.*nacos\.naming\.data\.warmup: 'false'/,
    warnings: [['hosts.yaml:14:9', '1 member survives the loss of none']],
  },
  'a cluster of one that is told not to wait': {
    swaps: [
      ['        n2: { ansible_host: 10.0.0.2 }\n', ''],
      [n3, ''],
      ['version: 2.2.4', "version: 2.2.4\n          properties: { nacos.naming.data.warmup: 'false' }"],
    ],
    warnings: [['hosts.yaml:14:9', '1 member survives the loss of none']],
  },
  'no identity': {
    swaps: [['            identity_value: idvalue\n', '']],
    errors: [['hosts.yaml:16:9', 'members need an identity']],
  },
  'no database': {
    swaps: [['    database: { host: 10.0.0.10, name: nacos, user: nacos, password: dbpass }\n', '']],
    errors: [['hosts.yaml:15:9', 'a cluster needs a MySQL']],
  },
  'a home that some part of the command would misread': {
    swaps: [['sha256:', 'home: /opt/a,b\n          sha256:']],
    errors: [['hosts.yaml:19:11', 'holds a comma']],
  },
  'a home with a blank and Chinese characters': { swaps: [['sha256:', 'home: /opt/nacos 集群\n          sha256:']] },
  'a port too low for Raft': {
    swaps: [['sha256:', 'port: 2000\n          sha256:']],
    errors: [['hosts.yaml:19:11', "2000 can't be a main port"]],
  },
  'a password among the flags of java': {
    swaps: [['sha256:', 'java_flags: [-Djavax.net.ssl.trustStorePassword=adminpw, -Da=b]\n          sha256:']],
    warnings: [['hosts.yaml:19:11', '-Djavax.net.ssl.trustStorePassword: whoever is on the host reads']],
  },
}

for (const [name, { swaps = [], errors = [], warnings = [], remedy }] of Object.entries(cases)) {
  test(name, async () => {
    const { nodes } = await cluster(changed(...swaps))
    const found = review(nodes)
    for (const [what, actual, expected] of [
      ['errors', found.errors, errors],
      ['warnings', found.warnings, warnings],
    ] as const) {
      const told = `${what}: ${JSON.stringify(actual, null, 1)}`
      assert.is(actual.length, expected.length, told)
      for (const [index, [where, text]] of expected.entries()) {
        assert.is(actual[index]?.where, where, told)
        assert.ok(actual[index]?.what.includes(text), told)
      }
    }
    if (remedy) assert.match(found.errors[0]?.remedy ?? '', remedy)
    assert.not(/dbpass|adminpass|idvalue|adminpw/.test(JSON.stringify(found)), 'no secret is shown')
  })
}

test('a secret among the flags of java is refused, and not shown', async () => {
  const text = changed(['sha256:', 'java_flags: [ -Da=b, !env FLAG ]\n          sha256:'])
  const thrown = await cluster(text, { FLAG: '-Dx=dbpass' }).then(
    () => '',
    (error: Error) => error.message,
  )
  assert.match(
    thrown,
    /^hosts\.yaml:19:37: nacos\.java_flags\[1\]: a secret, and whoever is on the host reads the flags/,
  )
  assert.match(thrown, /; move this key to a file that is not encrypted, in the clear, or give what Nacos reads itself/)
  assert.not.match(thrown, /dbpass/)
})

test('what has a form may stand in an encrypted file: a package, a version that is allowed', async () => {
  const text = changed(
    ['sha256:', 'allow: [ !env VERSION ]\n          sha256:'],
    ['java: { version: 8 }', 'java: { version: 8, package: !env PACKAGE }'],
  )
  const known = { VERSION: '3.3.0-BETA', PACKAGE: 'java-1.8.0-openjdk-headless' }
  const { nodes } = await cluster(text, known)
  assert.equal(
    [nodes[0]!.params.nacos.allow, nodes[0]!.params.java.package],
    [['3.3.0-BETA'], 'java-1.8.0-openjdk-headless'],
  )
  for (const [wrong, says] of [
    [{ VERSION: 'beta' }, /nacos\.allow\[0\]: expected a version such as/],
    [{ PACKAGE: '-o Foo=1' }, /java\.package: expected the name of a package/],
  ] as const)
    await cluster(text, { ...known, ...wrong }).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, says),
    )
})

test.run()
