import { distinctOwned, readReceipts, receiptText, siteName } from '../../lib/core/receipt.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/receipt')

test('what is written is read again, site by site', () => {
  const web = [
    { host: 'h1', id: 'directory:/opt/中文 a' },
    { host: 'h2', id: 'file:/opt/中文 a/x' },
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
  assert.equal(readReceipts('a\nsite\thost\nsite\th\tid\tmore\n\t\t\nsite\th1\tfile:/a'), [
    { site: 'site', owned: [{ host: 'h1', id: 'file:/a' }] },
  ])
})

test('each is owned once, in the order of its first appearance; what does not fit on a line is left out', () => {
  const [a, b] = [
    { host: 'h1', id: 'file:/b' },
    { host: 'h1', id: 'file:/a' },
  ]
  assert.equal(distinctOwned([a, b, a, { host: 'h1', id: 'x\ny' }, { host: 'h1', id: 'x\ty' }]), [a, b])
  assert.is(receiptText([]), '')
})

test('a site is a playbook over inventories', () => {
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
  for (const [playbook, inventories, expected] of cases) assert.is(siteName(playbook, inventories), expected)
  // A name that is a folder's own would leave the folder of the receipts.
  for (const odd of ['..', '.', '/', '']) assert.not.match(siteName(odd, []), /^\.*$/)
})

test.run()
