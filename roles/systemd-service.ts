/** The unit that runs an instance: java itself, no script between systemd and the process. */
import type { Facts } from '../lib/core/facts.ts'
import type { Resource } from '../lib/core/resource.ts'
import { role } from '../lib/core/role.ts'
import type { Infer } from '../lib/core/schema.ts'
import { defaultHeap, type Heap, javaCommand, megabytes } from '../lib/nacos/java-command.ts'
import { memory, unit as unitReader } from '../lib/readers.ts'
import { directory } from '../lib/resources/directory.ts'
import { requirement } from '../lib/resources/requirement.ts'
import { environmentFile, unit } from '../lib/resources/unit.ts'
import { javaHome } from './java.ts'
import { nacosParams } from './nacos-node.ts'

export interface Service {
  /** Major version of the JDK. */
  readonly jdk: number
  /** What the process reads when it starts. */
  readonly runs: readonly Resource[]
  /** MB of heap of the other instances on the same machine. */
  readonly others: number
}

/** Where notes of touched inputs go, before the first of them is touched. */
export const notesFolder = directory('/etc/plinth', { mode: '0700' })

export const systemdService = role<typeof nacosParams, Service>({
  params: nacosParams,
  resources(params, facts) {
    const { home, user, unit: name, version, mode, java_flags, jdk, runs, others } = params
    const heap = heapOf(params)
    const command = javaCommand({ version, jdk, mode, home, javaHome: javaHome(jdk), heap, extraFlags: java_flags })
    return [
      systemdIsRecent(facts),
      enoughMemory(name, megabytes(heap.xmx), others),
      notesFolder,
      // Nacos watches its conf folder for as long as it runs, and logback its own file.
      ...unit(name, {
        definition: definition({ name, user, home, ...command }),
        runs,
        settles: Number.POSITIVE_INFINITY,
      }),
    ]
  },
})

/** The heap of an instance: as declared, or as its start script would choose it. */
export function heapOf({ heap, mode }: Infer<typeof nacosParams>): Heap {
  if (!heap) return defaultHeap(mode)
  return { xms: heap.xms, xmx: heap.xmx, ...(heap.xmn ? { xmn: heap.xmn } : {}) }
}

/** `append:` for the output came with systemd 240. */
const systemdIsRecent = ({ systemd }: Facts): Resource =>
  requirement('systemd:240', {
    probe: [],
    check: () =>
      systemd >= 240
        ? []
        : [
            {
              where: 'systemd',
              what: systemd === 0 ? 'it does not run here' : `version ${systemd} is too old`,
              remedy: 'use a host with systemd 240 or newer',
            },
          ],
  })

/**
 * The heaps of all instances of the machine and 1 GB beside them: less ends in the kernel's choice of whom to kill. A
 * start also needs what is free at that moment.
 */
function enoughMemory(name: string, heap: number, others: number): Resource {
  const total = { reader: memory, key: 'MemTotal' }
  const available = { reader: memory, key: 'MemAvailable' }
  const service = { reader: unitReader, key: `${name}.service` }
  return requirement(`memory:${name}`, {
    probe: [total, available, service],
    check(answers) {
      const running = /^ActiveState=active$/m.test(answers(service))
      const sum = heap + others
      const has = Math.floor(Number(answers(total)) / 1024)
      const free = Math.floor(Number(answers(available)) / 1024)
      const remedy = 'give the host more memory, or set nacos.heap smaller'
      const where = `memory:${name}`
      if (has < sum + 1024) {
        return [{ where, what: `${has} MB in all, ${sum + 1024} MB are needed for heaps of ${sum} MB`, remedy }]
      }
      return running || free >= heap + 256
        ? []
        : [{ where, what: `${free} MB available, ${heap + 256} MB are needed to start a heap of ${heap} MB`, remedy }]
    },
  })
}

/**
 * Beside the process, until its start has come to an end: ends it if that was a failure. Before 2.2.0 the process of a
 * failed start stays for ever (#9393), later that was seen too; a database that came up after the node, or members of an
 * embedded cluster that lost their leader while they started, would leave a service that is active and dead.
 */
export const endIfFailed = [
  '(while sleep 5; do',
  'if grep -qE "Nacos failed to start|Application run failed" "$0"; then kill "$MAINPID"; exit; fi;',
  'if grep -q "Nacos started successfully" "$0"; then exit; fi;',
  'done) </dev/null >/dev/null 2>&1 &',
].join(' ')

interface Definition {
  readonly name: string
  readonly user: string
  readonly home: string
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** One word of a setting of a unit file: quoted, with systemd's specifiers switched off. A `$` means nothing in there (systemd.exec(5)). */
export const unitWord = (text: string): string => {
  const literal = text.replaceAll('%', '%%')
  return /^[A-Za-z0-9_./:=@%$,+*-]+$/.test(literal)
    ? literal
    : `"${literal.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** One word of a command line of a unit file, in which systemd puts variables too (systemd.service(5)). */
export const commandWord = (text: string): string => unitWord(text).replaceAll('$', '$$$$')

const path = (text: string): string => text.replaceAll('%', '%%')

function definition({ name, user, home, argv, environment }: Definition): string {
  const output = `${home}/logs/start.out`
  // Each start begins a new file, so that what it says is of this start; the one before is kept beside it.
  const rotate = ['/bin/sh', '-c', 'if [ -f "$0" ]; then mv -f "$0" "$0.1"; fi; : >"$0"', output]
  return `[Unit]
Description=Nacos (${name})
Wants=network-online.target
After=network-online.target
# A database that is away when the host boots must not end the attempts.
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
Group=${user}
WorkingDirectory=${path(home)}
EnvironmentFile=${environmentFile(name)}
${Object.entries(environment)
  .map(([key, value]) => `Environment=${unitWord(`${key}=${value}`)}\n`)
  .join('')}ExecStartPre=${rotate.map(commandWord).join(' ')}
ExecStart=${argv.map(commandWord).join(' ')}
StandardOutput=append:${path(output)}
StandardError=inherit
# Nacos leaves with 143 after SIGTERM, and with 0 when its disk is full: only a stop that was asked for is final.
SuccessExitStatus=143
Restart=always
RestartSec=10
# The process of a start that failed may live on and serve nothing: it is ended, so that systemd tries again.
ExecStartPost=${['/bin/sh', '-c', endIfFailed, output].map(commandWord).join(' ')}
TimeoutStopSec=90
LimitNOFILE=65535
TasksMax=infinity
UMask=0027
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ReadWritePaths=${unitWord(home)}
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK

[Install]
WantedBy=multi-user.target
`
}
