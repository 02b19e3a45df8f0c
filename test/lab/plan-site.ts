/** A playbook of everything a saved plan has to do with: a file, a secret, a service that runs with them, a database. */
import { optional, params, secret, text } from '../../lib/core/schema.ts'
import { play } from '../../lib/engine/play.ts'
import { main } from '../../lib/main.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { databaseAccount } from '../../lib/resources/mysql/account.ts'
import { databaseSchema } from '../../lib/resources/mysql/schema.ts'
import { environmentFile, unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { mysqlHost } from '../../roles/mysql-schema.ts'

const appHost = params({ words: optional(text(), 'hello'), password: secret() })
const databaseHost = params({ ...mysqlHost.entries, password: secret() })

const definition = `[Service]
EnvironmentFile=${environmentFile('planned')}
ExecStartPre=/usr/bin/sleep 1
ExecStart=/usr/bin/sleep infinity

[Install]
WantedBy=multi-user.target
`

await main((fleet) => [
  play(
    'database',
    fleet.group('mysql', databaseHost),
    ({ params: { password } }) => [
      databaseSchema('planned', { charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      databaseAccount('planned', '10.%', { password, schema: 'planned', privileges: ['SELECT', 'INSERT'] }),
    ],
    { via: ({ params: { mysql } }) => mysql },
  ),
  play('app', fleet.group('apps', appHost), ({ params: { words, password } }) => {
    const runs = [
      file('/opt/planned/words', { content: `${words}\n`, mode: '0640' }),
      file('/opt/planned/secret', { content: password, mode: '0600' }),
    ].map((input) => inputOf('planned', input))
    return [
      directory('/opt/planned'),
      directory('/etc/plinth', { mode: '0700' }),
      ...runs,
      ...unit('planned', { definition, runs }),
    ]
  }),
  play('after', fleet.group('apps', appHost), ({ params: { words } }) => [
    file('/opt/planned/last', { content: `${words}, and last\n` }),
  ]),
])
