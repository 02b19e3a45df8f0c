/**
 * A playbook of plain things for the tests of the transport: a file, a step that counts how often it ran, an archive, and
 * something that comes after all of them.
 */
import { type Resource, resource } from '../../../lib/core/resource.ts'
import { bytes, controllerPath, flag, type Infer, optional, params, secret, text } from '../../../lib/core/schema.ts'
import { type Gate, play } from '../../../lib/engine/play.ts'
import { main } from '../../../lib/main.ts'
import { stat } from '../../../lib/readers.ts'
import { directory } from '../../../lib/resources/directory.ts'
import { file } from '../../../lib/resources/file.ts'
import { databaseSchema } from '../../../lib/resources/mysql/schema.ts'
import { release } from '../../../lib/resources/release.ts'

const appHost = params({
  app: params({
    archive: controllerPath(),
    sha256: text(),
    /** The line that the configuration is full of, and how large it is. */
    line: optional(text(), 'new'),
    size: optional(bytes(), 20_000),
    /** What the step runs, beside being counted. */
    job: optional(text(), ':'),
    gate: optional(flag(), false),
  }),
})

const databaseHost = params({ mysql: params({ host: text(), user: text(), password: secret() }) })

/** Opens when a file is there. */
const gate: Gate<Infer<typeof appHost>> = {
  name: 'the gate is open',
  deadline: 600,
  patience: 600,
  serving: async () => new Set(),
  async missing(scope, { expected }) {
    const question = { reader: stat, key: '/srv/open' }
    const found = await Promise.all(
      scope.hosts.map(async (host) => ({
        host: host.name,
        open: (await scope.ask(host, [question]))(question) !== '',
      })),
    )
    return found.flatMap(({ host, open }) => (open || !expected.has(host) ? [] : [{ host, what: 'is not open' }]))
  },
  explain: async () => [],
}

/** Done once and for all; every execution leaves a line in `/srv/count`. */
function job(run: string): Resource {
  const question = { reader: stat, key: '/srv/app/job' }
  return resource<{ readonly [key: string]: string; readonly state: string }>({
    id: 'job:app',
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { state: 'done' }),
    desired: { state: 'done' },
    steps: () => [{ say: 'run the job', run: `echo begun >>/srv/count\n${run}\n: >/srv/app/job` }],
  })
}

await main(async (fleet) => {
  const hosts = fleet.group('apps', appHost)
  const databases = fleet.has('databases') ? fleet.group('databases', databaseHost) : []
  const schema = play(
    'schema',
    databases,
    () => [databaseSchema('staged', { charset: 'utf8mb4', collation: 'utf8mb4_bin' })],
    {
      via: ({ params: { mysql } }) => ({ ...mysql, port: 3306 }),
    },
  )
  const [first] = hosts
  if (!first) return [schema]
  const { archive: source, sha256 } = first.params.app
  const archive = await fleet.archive({ source, sha256, where: first.where('app', 'archive') })
  return [
    schema,
    play(
      'app',
      hosts,
      ({ params: { app } }): readonly Resource[] => [
        directory('/srv/app'),
        file('/srv/app/app.conf', { content: `${app.line}\n`.repeat(app.size / (app.line.length + 1)) }),
        job(app.job),
        release('/srv/app/release', { archive, owner: 'root', group: 'root' }),
        file('/srv/app/last', { content: 'last\n' }),
      ],
      first.params.app.gate ? { gate } : {},
    ),
  ]
})
