import { distinctOwned, formerSiteName, readReceipts, receiptText, siteName } from '../../lib/core/receipt.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/receipt')

test('what is written is read again, site by site', () => {
  const web = [
    { host: 'h1', id: 'directory:/opt/中文 a' },
    { host: 'h2', id: 'file:/opt/中文 a/x', found: true as const },
  ]
  const answer = [
    ...receiptText(web)
      .trimEnd()
      .split('\n')
      .map((line) => `site@prod\t${line}`),
    'apps@prod\th1\tunit:app',
  ].join('\n')
  assert.equal(readReceipts(answer), [
    { site: 'site@prod', owned: web },
    { site: 'apps@prod', owned: [{ host: 'h1', id: 'unit:app' }] },
  ])
  assert.equal(readReceipts(''), [])
})

test('lines of another form are passed over', () => {
  assert.equal(readReceipts('a\nsite\thost\nsite\th\tid\tmore\nsite\th\tid\tfound\tmore\n\t\t\nsite\th1\tfile:/a'), [
    { site: 'site', owned: [{ host: 'h1', id: 'file:/a' }] },
  ])
})

test('each is owned once, in the order of its first appearance; what does not fit on a line is left out', () => {
  const [a, b] = [
    { host: 'h1', id: 'file:/b' },
    { host: 'h1', id: 'file:/a' },
  ]
  assert.equal(
    distinctOwned([a, { ...a, found: true as const }, b, a, { host: 'h1', id: 'x\ny' }, { host: 'h1', id: 'x\ty' }]),
    [a, b],
  )
  assert.is(receiptText([]), '')
})

test('what sites were called before', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['playbooks/site.ts', ['prod'], 'site@prod'],
    ['playbooks/site.ts', ['inventory/prod/'], 'site@prod'],
    ['../a b/site.ts', ['/x/lab.yaml', 'more.yml'], 'site@lab+more'],
    ['site.ts', [], 'site'],
    ['site.ts', ['teams/a/hosts.yaml'], 'site@a.hosts'],
    ['site.ts', ['./b/inventory'], 'site@b.inventory'],
    ['site.ts', ['hosts.yaml'], 'site@hosts'],
    ['站点.ts', ['生产 1'], '站点@生产_1'],
  ]
  for (const [playbook, inventories, expected] of cases) assert.is(formerSiteName(playbook, inventories), expected)
  // A name that is a folder's own would leave the folder of the receipts.
  for (const odd of ['..', '.', '/', '']) assert.not.match(formerSiteName(odd, []), /^\.*$/)
})

const site = (playbook: string, inventories: readonly string[], project = 'infra'): string =>
  siteName({ project, playbook, inventories })

test('a site has one name, whatever is of no matter', () => {
  const name = site('playbooks/site.ts', ['inventory/a.yaml', 'inventory/b'])
  assert.match(name, /^site@a\+b\.[0-9a-f]{8}$/)
  assert.is(site('playbooks/site.ts', ['inventory/b', 'inventory/a.yaml']), name, 'the order of -i')
  assert.is(site('playbooks/site.mts', ['inventory/a.yaml', 'inventory/b']), name, 'what a playbook ends in')
  assert.is(site('playbooks/site.ts', []), site('playbooks/site.js', []))
})

test('no two sites have one name', () => {
  const names = [
    site('playbooks/site.ts', ['inventory/prod.yaml']),
    site('playbooks/site.ts', ['inventory/prod.ini']),
    site('playbooks/site.ts', ['inventory/prod.yaml'], 'apps'),
    site('playbooks/site.ts', ['inventory/prod.yaml'], ''),
    site('apps/site.ts', ['inventory/prod.yaml']),
    site('playbooks/site.ts', ['teams/a/prod.yaml']),
    site('playbooks/site.ts', ['teams/b/prod.yaml']),
    site('playbooks/site.ts', ['/etc/plinth/prod.yaml']),
    site('playbooks/site.ts', ['a b']),
    site('playbooks/site.ts', ['a_b']),
    site('playbooks/site.ts', ['a', 'b']),
    site('playbooks/site.ts', ['a+b']),
  ]
  assert.is(new Set(names).size, names.length, names.join('\n'))
})

test('a name is one of a file, however long the words are', () => {
  const long = Array.from({ length: 40 }, (_, i) => `inventory/生产环境的主机${i}.yaml`)
  const names = [long, long.slice(1)].map((inventories) => site('playbooks/site.ts', inventories))
  for (const name of names) assert.ok(Buffer.byteLength(name) < 250, name)
  assert.is.not(names[0], names[1])
  for (const odd of ['..', '.', '/', '']) assert.match(site(odd, []), /^[^./]+\.[0-9a-f]{8}$/)
})

test.run()
