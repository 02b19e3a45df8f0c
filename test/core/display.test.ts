import { cut, padded, span, width } from '../../lib/core/display.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/display')

const widths: readonly [text: string, columns: number][] = [
  ['', 0],
  ['nacos1', 6],
  ['节点一', 6],
  ['节点1', 5],
  ['é', 1],
  ['e\u0301', 1],
  ['ｗｉｄｅ', 8],
  ['→ …', 3],
  ['한국', 4],
]
for (const [text, columns] of widths) test(`"${text}" takes ${columns} columns`, () => assert.is(width(text), columns))

test('padding counts columns', () => {
  assert.is(`${padded('节点', 6)}|`, '节点  |')
  assert.is(padded('7', 3, 'start'), '  7')
  assert.is(padded('too long', 3), 'too long')
})

test('a cut text ends within its columns and does not halve a character', () => {
  assert.is(cut('nacos1', 6), 'nacos1')
  assert.is(cut('nacos12', 6), 'nacos…')
  assert.is(cut('节点一号', 6), '节点…')
  for (let columns = 1; columns < 9; columns++) assert.ok(width(cut('节点一号', columns)) <= columns)
})

test('a long text costs each of its characters once, and of a longer one no more than is shown', () => {
  const { codePointAt } = String.prototype
  let looked = 0
  String.prototype.codePointAt = function (this: string, at: number) {
    looked++
    return codePointAt.call(this, at)
  }
  try {
    assert.is(cut('节'.repeat(4000), 8000).length, 4000)
    assert.is(looked, 4000)
    looked = 0
    assert.is(cut(`${'a\n'.repeat(4000)}节`, 4000).length, 7999)
    assert.ok(looked <= 4001, `${looked} characters looked at`)
  } finally {
    String.prototype.codePointAt = codePointAt
  }
})

test('how long it took', () => {
  assert.is(span(0.04, true), '0.0 s')
  assert.is(span(9.94, true), '9.9 s')
  assert.is(span(9.96, true), '10 s')
})

test.run()
