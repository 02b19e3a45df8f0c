/** The unit files, whole: what runs an instance is looked at line by line. */
import { join } from 'node:path'
import type { Facts } from '../../lib/core/facts.ts'
import { sh } from '../../lib/core/script.ts'
import { plainFacts } from '../../lib/testing.ts'
import { commandWord, endIfFailed, systemdService, unitWord } from '../../roles/systemd-service.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'
import { Sandbox, shells } from '../shells.ts'
import { changed, cluster, type Swap } from './nodes.ts'

const test = suite('roles/systemd-service')
const sandbox = new Sandbox(test)

async function service(swaps: readonly Swap[], jdk = 8, facts: Facts = plainFacts) {
  const { nodes } = await cluster(changed(...swaps))
  return systemdService.resources({ ...nodes[0]!.params.nacos, jdk, runs: [], others: 0 }, facts)
}

const units: Readonly<Record<string, readonly [swaps: readonly Swap[], jdk: number]>> = {
  'jdk8-cluster': [[], 8],
  'jdk17-cluster': [[], 17],
  'home-with-blank-and-chinese': [
    [
      ['sha256:', 'home: /opt/nacos 集群/a b\n          unit: nacos-8948\n          sha256:'],
      ['auth:', 'java_flags: [\'-Dnote=100% $HOME "x"\']\n          auth:'],
    ],
    8,
  ],
  standalone: [
    [['version: 2.2.4', 'version: 2.2.4\n          mode: standalone\n          heap: { xms: 256m, xmx: 1g }']],
    8,
  ],
}

for (const [name, [swaps, jdk]] of Object.entries(units)) {
  test(`the unit file: ${name}`, async () => {
    const unit = (await service(swaps, jdk)).find(({ id }) => id.startsWith('file:/etc/systemd/'))!
    golden(join(import.meta.dirname, `golden/${name}.service`), String(unit.plan(() => '', new Set()).steps[0]!.input))
  })
}

test('a word of a unit file means itself to systemd', () => {
  const cases: Readonly<Record<string, string>> = {
    plain: 'plain',
    '/opt/a b': '"/opt/a b"',
    '100%': '100%%',
    $HOME: '$HOME',
    'a"b\\c': '"a\\"b\\\\c"',
    '': '""',
    'x;y': '"x;y"',
    集群: '"集群"',
    "it's": '"it\'s"',
  }
  for (const [text, word] of Object.entries(cases)) assert.is(unitWord(text), word)
  // Variables stand in command lines only.
  assert.equal([commandWord('$HOME'), commandWord('$1 and 5%')], ['$$HOME', '"$$1 and 5%%"'])
})

for (const shell of shells) {
  test(`${shell}: the process of a start that failed is ended; one that goes on or came to its end is not`, () => {
    const log = join(sandbox.fresh(), 'start.out')
    const watch = endIfFailed.replace('sleep 5', 'sleep 0.05')
    const { stdout } = sandbox.run(
      shell,
      sh`watched() {
  printf '%s\n' "$1" >${log}
  sleep 60 & export MAINPID=$!
  sh -c ${watch} ${log}
}
watched 'ERROR Startup errors :'
printf '%s\n' 'ERROR Nacos failed to start, please see nacos.log' >>${log}
wait "$MAINPID" || echo "failed: $?"
watched 'ERROR Application run failed'
wait "$MAINPID" || echo "failed early: $?"
watched 'INFO Nacos is starting...'
sleep 0.5
kill -0 "$MAINPID" && echo 'starting: alive'
printf '%s\n' 'INFO Nacos started successfully in cluster mode. use external storage' >>${log}
sleep 0.5
printf '%s\n' 'ERROR Nacos failed to start' >>${log}
sleep 0.5
kill -0 "$MAINPID" && echo 'started: nobody watches any more'
kill "$MAINPID"`.text,
    )
    assert.equal(stdout.trim().split('\n'), [
      'failed: 143',
      'failed early: 143',
      'starting: alive',
      'started: nobody watches any more',
    ])
  })
}

const requirements = await service([])
const small = await service([['version: 2.2.4', 'version: 2.2.4\n          heap: { xms: 512m, xmx: 512m }']])
const memory = (resources: typeof requirements) => resources.find(({ id }) => id.startsWith('memory:'))!
const free = (total: number, available: number) => ({
  'memory:MemTotal': String(total * 1024),
  'memory:MemAvailable': String(available * 1024),
})
const running = { 'unit:nacos.service': 'ActiveState=active' }

plans(test, memory(requirements), {
  'enough for the heap and a bit': { answers: free(4000, 2304), action: 'keep' },
  'too little is available before a start': {
    answers: free(8000, 2303),
    action: 'blocked',
    problems: ['2303 MB available, 2304 MB are needed to start a heap of 2048 MB; give the host more memory'],
  },
  'what runs already has taken its share': { answers: { ...free(3072, 100), ...running }, action: 'keep' },
  'too little in all, though it runs': {
    answers: { ...free(3071, 100), ...running },
    action: 'blocked',
    problems: ['3071 MB in all, 3072 MB are needed'],
  },
})
plans(test, memory(small), { 'a smaller heap needs less': { answers: free(4000, 768), action: 'keep' } })

for (const [version, problem] of [
  [239, 'version 239 is too old'],
  [0, 'it does not run here'],
] as const) {
  plans(test, (await service([], 8, { ...plainFacts, systemd: version }))[0]!, {
    [`systemd ${version}`]: {
      answers: {},
      action: 'blocked',
      problems: [`systemd: ${problem}; use a host with systemd 240`],
    },
  })
}

test.run()
