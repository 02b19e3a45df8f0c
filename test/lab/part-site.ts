/**
 * A database and a service beside it, small enough to be converged in parts. For tests of --tags, --limit, --step and of what is
 * declared no longer.
 */

import { flag, optional, params, text } from '../../lib/core/schema.ts'
import { tagged } from '../../lib/core/tagged.ts'
import { play } from '../../lib/engine/play.ts'
import { main } from '../../lib/main.ts'
import { parseSchema } from '../../lib/nacos/schema-parser.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { databaseSchema } from '../../lib/resources/mysql/schema.ts'
import { databaseTable } from '../../lib/resources/mysql/table.ts'
import { environmentFile, unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { loginOf, mysqlHost } from '../../roles/mysql-schema.ts'

const part = params({
  words: optional(text(), 'hello'),
  /** Without it the file beside is declared no longer. */
  aside: optional(flag(), true),
  /** Without it there is no service any more. */
  service: optional(flag(), true),
})
const tables = parseSchema('CREATE TABLE `said` (`id` int NOT NULL, `words` varchar(64), PRIMARY KEY (`id`));')

const definition = `[Service]
Type=exec
EnvironmentFile=${environmentFile('part')}
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
`

await main((fleet) => [
  play(
    'schema',
    fleet.group('mysql', mysqlHost),
    () => [
      databaseSchema('part', { charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      ...tables.map((table) => databaseTable('part', table)),
    ],
    { via: loginOf },
  ),
  play('ground', fleet.group('part', part), () => [
    ...tagged('folders', [directory('/opt/part', { mode: '0755' })]),
    directory('/etc/plinth', { mode: '0700' }),
  ]),
  play(
    'service',
    fleet.group('part', part),
    ({ params: { words, aside: beside, service } }) => {
      if (!service) return []
      const said = inputOf('part', file('/opt/part/words', { content: `${words}\n`, mode: '0644' }))
      const aside = beside ? [file('/opt/part/aside', { content: 'nobody reads it\n', mode: '0644' })] : []
      return [...tagged('conf', [said, ...aside]), ...tagged('run', unit('part', { definition, runs: [said] }))]
    },
    { serial: 1 },
  ),
])
