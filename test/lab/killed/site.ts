/**
 * A playbook with everything that a real one has, small enough to be run again and again: a schema with tables, a row and
 * accounts; accounts, folders and an archive of a few MB on all hosts at once; and services that roll, one after the
 * other, behind a gate. Each machine is two hosts, which read one file.
 */
import type { DatabaseLogin } from '../../../lib/core/channel.ts'
import { type Resource, resource } from '../../../lib/core/resource.ts'
import { controllerPath, type Infer, optional, params, port, secret, text } from '../../../lib/core/schema.ts'
import { type Gate, type Host, play, type Scope } from '../../../lib/engine/play.ts'
import { main } from '../../../lib/main.ts'
import { literal } from '../../../lib/mysql/readers.ts'
import { parseSchema } from '../../../lib/nacos/schema-parser.ts'
import { unit as unitReader } from '../../../lib/readers.ts'
import { group, user } from '../../../lib/resources/account.ts'
import { directory } from '../../../lib/resources/directory.ts'
import { file } from '../../../lib/resources/file.ts'
import { lineSet } from '../../../lib/resources/line-set.ts'
import { databaseAccount } from '../../../lib/resources/mysql/account.ts'
import { databaseSchema } from '../../../lib/resources/mysql/schema.ts'
import { databaseTable } from '../../../lib/resources/mysql/table.ts'
import { properties } from '../../../lib/resources/properties.ts'
import { type Archive, archiveFolder, release } from '../../../lib/resources/release.ts'
import { symlink } from '../../../lib/resources/symlink.ts'
import { environmentFile, unit } from '../../../lib/resources/unit.ts'
import { inputOf } from '../../../lib/resources/unit-input.ts'

const appHost = params({
  app: params({
    archive: controllerPath(),
    sha256: text(),
    /** The name of the release, and of what is in it. */
    version: text(),
    /** What its configuration says. */
    words: text(),
    level: text(),
    password: secret(),
  }),
})
type AppParams = Infer<typeof appHost>
type App = Host<AppParams>

const databaseHost = params({
  mysql: params({
    host: optional(text(), '127.0.0.1'),
    port: optional(port(), 3306),
    user: text(),
    password: secret(),
  }),
  schema: params({ password: secret() }),
})

const root = { owner: 'root', group: 'root' }
const shared = '/srv/shared/banner'

interface Desired {
  readonly groundwork: readonly Resource[]
  readonly service: readonly Resource[]
}

function desiredOf({ name, params: { app } }: App, archive: Archive): Desired {
  const home = `/srv/${name}`
  const own = { owner: name, group: name }
  const input = (one: Resource): Resource => inputOf(name, one)
  const unpacked = input(release(`${home}/releases/${app.version}`, { archive, ...own }))
  const runs = [
    input(file(shared, { content: 'read by all that run here\n', ...root, mode: '0644' })),
    input(file(`${home}/conf/app.conf`, { content: `${app.words}\n`.repeat(500), ...own, mode: '0640' })),
    input(file(`${home}/conf/password`, { content: app.password, ...own, mode: '0600' })),
    input(
      properties(`${home}/conf/app.properties`, {
        wanted: { level: app.level, password: app.password, old: null },
        template: '# made by hand and kept\nother=1\n',
        secret: (key) => key === 'password',
        ...own,
        mode: '0600',
      }),
    ),
    input(symlink(`${home}/current`, `${home}/releases/${app.version}`)),
  ]
  return {
    groundwork: [
      group(name),
      user(name, { home, group: name }),
      directory('/etc/plinth', { mode: '0700' }),
      directory(archiveFolder, { mode: '0700' }),
      directory('/srv/shared'),
      directory(home, { ...own, mode: '0750' }),
      directory(`${home}/conf`, { ...own, mode: '0750' }),
      directory(`${home}/releases`, own),
      unpacked,
    ],
    service: [
      ...runs,
      lineSet(`${home}/conf/peers`, {
        members: ['app1', 'app2', 'app3', 'app4'],
        parse: (peers) => peers.split('\n').filter((line) => line !== ''),
        render: (peers) => `${peers.join('\n')}\n`,
        ...own,
        mode: '0644',
      }),
      ...unit(name, { definition: definition(name, home), runs: [unpacked, ...runs] }),
    ],
  }
}

/** A process that writes down, before it runs, what it has read: `/run/NAME.read`. */
const definition = (name: string, home: string): string => `[Unit]
Description=${name}

[Service]
Type=exec
User=${name}
EnvironmentFile=${environmentFile(name)}
ExecStartPre=+/bin/sh -c 'sha256sum /etc/systemd/system/${name}.service ${shared} ${home}/conf/app.* ${home}/conf/password ${home}/current/data >/run/${name}.read'
ExecStart=/bin/sh ${home}/current/serve

[Install]
WantedBy=multi-user.target
`

/** Whoever is active serves. */
function running(): Gate<AppParams> {
  const active = async (scope: Scope<AppParams>): Promise<ReadonlySet<string>> => {
    const found = await Promise.all(
      scope.hosts.map(async (host) => {
        const question = { reader: unitReader, key: `${host.name}.service` }
        return /^ActiveState=active$/m.test((await scope.ask(host, [question]))(question)) ? [host.name] : []
      }),
    )
    return new Set(found.flat())
  }
  return {
    name: 'the service runs',
    deadline: 20,
    patience: 5,
    serving: active,
    async missing(scope, { expected }) {
      const serving = await active(scope)
      return [...expected].filter((host) => !serving.has(host)).map((host) => ({ host, what: 'does not run' }))
    },
    explain: async () => [],
  }
}

const tables = parseSchema(`
CREATE TABLE item (id bigint NOT NULL AUTO_INCREMENT, name varchar(128) NOT NULL DEFAULT '', content longtext, kind varchar(32) DEFAULT NULL,
  PRIMARY KEY (id), UNIQUE KEY uk_name (name), KEY idx_kind (kind)) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
CREATE TABLE owner (name varchar(64) NOT NULL, enabled tinyint(1) NOT NULL, PRIMARY KEY (name));
`)

const ownerReader = (names: readonly string[]): string =>
  `SELECT name AS k, enabled AS v FROM killed.owner WHERE name IN (${names.map(literal).join(', ')})`

/** A row; what it stands in is looked at like everything else. */
function row(name: string): Resource {
  const question = { reader: ownerReader, key: name }
  return resource<{ readonly [key: string]: string; readonly enabled: string }>({
    id: `row:killed.owner:${name}`,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { enabled: answers(question) }),
    desired: { enabled: '1' },
    steps: () => [{ say: `add the owner ${name}`, run: 'REPLACE INTO killed.owner VALUES (?, 1)', input: name }],
  })
}

await main(async (fleet) => {
  const hosts = fleet.group('apps', appHost)
  const databases = fleet.group('databases', databaseHost)
  const archives = new Map<string, Archive>()
  for (const host of hosts) {
    const { archive: source, sha256 } = host.params.app
    archives.set(host.name, await fleet.archive({ source, sha256, where: host.where('app', 'archive') }))
  }
  const desired = (host: App): Desired => {
    const archive = archives.get(host.name)
    if (!archive) throw new Error(`no archive for ${host.name}`)
    return desiredOf(host, archive)
  }
  return [
    play(
      'schema',
      databases,
      ({ params: { schema } }) => [
        databaseSchema('killed', { charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
        ...tables.map((table) => databaseTable('killed', table)),
        ...['10.0.0.1', '10.0.0.2'].map((address) =>
          databaseAccount('killed', address, {
            password: schema.password,
            schema: 'killed',
            privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
          }),
        ),
        row('first'),
      ],
      { via: ({ params: { mysql } }): DatabaseLogin => mysql },
    ),
    play('groundwork', hosts, (host) => desired(host).groundwork),
    play('services', hosts, (host) => desired(host).service, { serial: 1, gate: running() }),
  ]
})
