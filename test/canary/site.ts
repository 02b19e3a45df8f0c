/**
 * A small site that handles a secret in every way there is, and can fail, or leak, in every way: for canary.test.ts. What it
 * snaps on the host is what everybody with root there could see while a step with secrets ran.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  databaseSchema,
  directory,
  file,
  type Gate,
  hostError,
  hostPath,
  integer,
  list,
  main,
  oneOf,
  optional,
  params,
  play,
  port,
  properties,
  type Resource,
  readers,
  requirement,
  resource,
  type Secret,
  type Step,
  secret,
  sh,
} from 'plinth'

const site = params({
  folder: hostPath(),
  content: secret(),
  word: secret(),
  input: secret(),
  token: secret(),
  database: optional(params({ port: port(), password: secret() })),
  service: optional(port()),
  fails: optional(oneOf('step', 'still', 'bug', 'blocked', 'late', 'lost', 'slow', 'gate')),
  /** Every one of these leaks the secret `content`, on purpose. */
  leak: optional(
    list(oneOf('id', 'argv', 'environment', 'host file', 'controller file', 'error', 'stderr', 'change')),
    [],
  ),
  seconds: optional(integer(), 30),
})

/** One step with a secret on its standard input, during which every process of the host is looked at. */
function handled(folder: string, input: Secret, more: readonly Step[]): Resource {
  const path = `${folder}/target/input`
  const question = { reader: readers.stat, key: path }
  const look = sh`umask 077
cat >${path}
for p in /proc/[0-9]*; do
  printf '\n== %s\n' "$p"
  tr '\0' '\n' <"$p/cmdline" || :
  printf '\n--\n'
  tr '\0' '\n' <"$p/environ" || :
done >>${`${folder}/processes`} 2>/dev/null`
  return resource({
    id: `handled:${path}`,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { there: 'yes' }),
    desired: { there: 'yes' },
    steps: () => [{ say: `hand over ${path}`, run: look.text, input: input.reveal() }, ...more],
  })
}

const step = (run: string, more: Partial<Step> = {}): Step => ({ say: 'the step in question', run, ...more })

export interface Told {
  readonly fails: string | undefined
  readonly leak: readonly string[]
}

/** What happens after the secret was handed over: the failure, or the leak, that is wanted. */
function then({ fails, leak }: Told, folder: string, seconds: number, secret: string): readonly Step[] {
  if (fails === 'step') return [step('echo it went wrong >&2; exit 3')]
  if (fails === 'late') return [step('echo so far >&2; sleep 30', { deadline: 1 })]
  if (fails === 'slow') return [step(`: >${folder}/slow; sleep ${seconds}`)]
  // The sshd of this session: the step's shell is below sudo, below the login's shell.
  if (fails === 'lost')
    return [
      step(
        'p=$PPID; while ! grep -q sshd /proc/$p/comm; do p=$(cut -d" " -f4 /proc/$p/stat); done; kill -9 $p; sleep 5',
      ),
    ]
  const leaks: Readonly<Record<string, Step>> = {
    argv: step(
      `sh -c '{ printf "\\n== x\\n"; tr "\\0" " " </proc/$$/cmdline; printf "\\n--\\n"; } >>${folder}/processes' ${secret}`,
    ),
    environment: step(
      `LEAK=${secret} sh -c 'printf "\\n== x\\n--\\n" >>${folder}/processes; cat /proc/$$/environ >>${folder}/processes'`,
    ),
    'host file': step(`echo ${secret} >/var/lib/plinth/left`),
    stderr: step(`echo ${secret} >&2; exit 3`),
  }
  return Object.entries(leaks).flatMap(([name, one]) => (leak.includes(name) ? [one] : []))
}

const nobody: Gate<unknown> = {
  name: 'the gate',
  deadline: 30,
  patience: 30,
  serving: async () => new Set(),
  missing: async () => [],
  explain: async () => [],
}

await main((fleet) => {
  const hosts = fleet.group('all', site)
  const [{ params: told }] = hosts as [(typeof hosts)[0]]
  const secret = told.content.reveal()
  if (told.leak.includes('controller file')) writeFileSync(join(tmpdir(), 'left'), secret)
  if (told.leak.includes('error')) throw hostError({ where: 'h1', what: `it came to ${secret}`, remedy: 'look' })
  const asks: Gate<(typeof hosts)[0]['params']> = {
    ...nobody,
    async missing(scope) {
      const [host] = scope.hosts as [(typeof hosts)[0]]
      const headers = { authorization: `Bearer ${host.params.token.reveal()}` }
      const request = { host: '127.0.0.1', port: host.params.service ?? 1, path: '/health', headers }
      const { status } = await scope.http(host, request)
      return status === 200 ? [] : [{ host: host.name, what: `it answers ${status}`, final: true }]
    },
  }
  const resources = ({ folder, content, word, input, fails, leak, seconds }: typeof told): readonly Resource[] => {
    if (fails === 'bug') throw Object.assign(new Error('a bug of the role'), { params: told, hosts })
    const mode = { owner: 'root', group: 'root', mode: '0600' }
    const missing = [{ where: 'h1', what: 'something stands in the way', remedy: 'take it away' }]
    return [
      ...(fails === 'blocked' ? [requirement('req:x', { probe: [], check: () => missing })] : []),
      directory(folder, { mode: '0700' }),
      directory(`${folder}/target`, { mode: '0700' }),
      file(`${folder}/target/content`, { content, mode: '0600' }),
      properties(`${folder}/target/app.properties`, {
        ...mode,
        wanted: { 'db.password': word, plain: 'yes' },
        template: '# of the role\n',
        secret: (key) => key === 'db.password',
      }),
      ...(leak.includes('id') ? [directory(`${folder}/${secret}`, { mode: '0700' })] : []),
      ...(leak.includes('change') ? [file(`${folder}/shown`, { content: secret, mode: '0644' })] : []),
      handled(folder, input, then({ fails, leak }, folder, seconds, secret)),
      ...(fails === 'still' ? [handled(`${folder}/nowhere`, input, [])].map(never) : []),
    ]
  }
  return [
    ...(told.database
      ? [
          play('database', hosts, () => [databaseSchema('canary', { charset: 'utf8mb4', collation: 'utf8mb4_bin' })], {
            via: ({ params: { database } }) => ({
              ...{ host: '127.0.0.1', port: database?.port ?? 1, user: 'canary' },
              password: (database as NonNullable<typeof database>).password,
            }),
          }),
        ]
      : []),
    play('canary', hosts, ({ params }) => resources(params), told.fails === 'gate' ? { gate: asks } : {}),
  ]
})

/** A resource whose steps succeed and change nothing. */
function never(one: Resource): Resource {
  return { ...one, plan: (answers, pending) => ({ ...one.plan(answers, pending), steps: [step(':')] }) }
}
