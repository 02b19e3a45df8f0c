/** One key of a map in a variable of its own, at any depth. */
import { mergeVariables, ofOnePlace } from '../../lib/core/inventory.ts'
import { type Located, type LocatedEntry, LocatedMap, LocatedScalar } from '../../lib/core/located.ts'
import { flag, optional, params, port, text } from '../../lib/core/schema.ts'
import { gathered } from '../../lib/core/single-keys.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/single-keys')
const at = { file: 'x.yaml', line: 1, column: 1 }

type Tree = { readonly [key: string]: string | null | Tree }
const located = (tree: string | null | Tree): Located =>
  typeof tree === 'string' || tree === null
    ? new LocatedScalar(at, tree, tree ?? '')
    : new LocatedMap(
        at,
        new Map(
          Object.entries(tree).map(([key, inner]): [string, LocatedEntry] => [key, { at, value: located(inner) }]),
        ),
      )
const plain = (value: Located): unknown =>
  value instanceof LocatedMap
    ? Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]))
    : (value as LocatedScalar).value
/** The variables of places, the weakest first, as a schema gets them. */
const come = (places: readonly Tree[]): unknown => {
  const layers = places.map((tree) => ofOnePlace((located(tree) as LocatedMap).entries))
  return plain(gathered(new LocatedMap(at, mergeVariables(...layers)), schema))
}

const auth = params({ enabled: flag(), token: text(), token_secret: optional(text()) })
const schema = params({
  nacos: params({ port: port(), auth, auth_note: optional(text()), tls: optional(params({ key: text() })) }),
  nacos_extra: optional(params({ a: text() })),
  user: text(),
})

const cases: readonly (readonly [name: string, written: Tree, comes: Tree])[] = [
  ['a key of a map', { nacos: { port: '1' }, nacos_port: '2' }, { nacos: { port: '2' } }],
  [
    'a key two maps deep, beside what is there',
    { nacos: { port: '1', auth: { enabled: 'yes' } }, nacos_auth_token_secret: 's' },
    { nacos: { port: '1', auth: { enabled: 'yes', token_secret: 's' } } },
  ],
  ['where the map is not there yet', { nacos_auth_token: 't' }, { nacos: { auth: { token: 't' } } }],
  ['of a map that may be left out', { nacos_tls_key: 'k' }, { nacos: { tls: { key: 'k' } } }],
  [
    'a whole inner map',
    { nacos: { auth: { token: 'a' } }, nacos_auth: { enabled: 'no' } },
    { nacos: { auth: { enabled: 'no' } } },
  ],
  [
    'the deeper one wins, in whatever order',
    { nacos_auth_token: 'deep', nacos_auth: { token: 'whole', enabled: 'no' } },
    { nacos: { auth: { token: 'deep', enabled: 'no' } } },
  ],
  ['a name that is known as it is', { nacos_auth_note: 'n', user: 'u' }, { nacos: { auth_note: 'n' }, user: 'u' }],
  ['the longest name of a map', { nacos_extra_a: 'x' }, { nacos_extra: { a: 'x' } }],
  [
    'an unknown key stays with its map, to be refused there',
    { nacos_auth_tokne: 't' },
    { nacos: { auth: { tokne: 't' } } },
  ],
  ['what begins like no map', { nacosport: '1' }, { nacosport: '1' }],
]
for (const [name, written, comes] of cases) test(name, () => assert.equal(come([written]), comes))

/** What places come to, the weakest first. */
const places: readonly (readonly [name: string, written: readonly Tree[], comes: Tree])[] = [
  [
    'a key in the map of a stronger place',
    [{ nacos_port: '1', nacos: { port: '2' } }, { nacos: { port: '3' } }],
    { nacos: { port: '3' } },
  ],
  ['and back', [{ nacos: { port: '2' } }, { nacos_port: '1' }], { nacos: { port: '1' } }],
  [
    'a key that no stronger map names stays',
    [{ nacos_auth_token_secret: 's', nacos_port: '1' }, { nacos: { port: '2', auth: { enabled: 'yes' } } }],
    { nacos: { port: '2', auth: { enabled: 'yes', token_secret: 's' } } },
  ],
  [
    'an inner map is replaced as a whole',
    [{ nacos_auth: { token: 't', enabled: 'no' } }, { nacos: { port: '1', auth: { enabled: 'yes' } } }],
    { nacos: { port: '1', auth: { enabled: 'yes' } } },
  ],
  [
    'single keys of three places',
    [{ nacos: { auth: { token: 'a' }, port: '1' } }, { nacos_auth: { enabled: 'no' } }, { nacos_auth_token: 'c' }],
    { nacos: { port: '1', auth: { enabled: 'no', token: 'c' } } },
  ],
  [
    'and the other way round',
    [{ nacos_auth_token: 'c' }, { nacos_auth: { enabled: 'no' } }, { nacos: { auth: { token: 'a' }, port: '1' } }],
    { nacos: { port: '1', auth: { token: 'a' } } },
  ],
  [
    'a map that is undone is undone with its keys',
    [{ nacos_tls_key: 'k' }, { nacos_tls: null }],
    { nacos: { tls: null } },
  ],
  ['a key is stronger than nothing', [{ nacos: null }, { nacos_port: '1' }], { nacos: { port: '1' } }],
  ['what is no map stays, to be refused', [{ nacos: 'oops' }, { nacos_port: '5' }], { nacos: 'oops' }],
  [
    'in one place too',
    [{ nacos_port: '5', nacos: { auth: 'oops' }, nacos_auth_token: 't' }],
    { nacos: { auth: 'oops', port: '5' } },
  ],
  ['but for what a stronger map replaces', [{ nacos: 'oops' }, { nacos: { port: '1' } }], { nacos: { port: '1' } }],
]
for (const [name, written, comes] of places) test(`by place: ${name}`, () => assert.equal(come(written), comes))

test.run()
