/** A site small enough to look through: a folder, a file in it, an account. For tests of the ways to a host. */
import { optional, params, text } from '../../lib/core/schema.ts'
import { play } from '../../lib/engine/play.ts'
import { main } from '../../lib/main.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'

const small = params({ words: optional(text(), 'hello') })

await main((fleet) => [
  play('small', fleet.group('small', small), ({ params: { words } }) => [
    directory('/opt/small', { owner: 'root', group: 'root', mode: '0750' }),
    file('/opt/small/words', { content: `${words}\n`, owner: 'root', group: 'root', mode: '0640' }),
  ]),
])
