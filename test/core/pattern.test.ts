/** The expected hosts are those of `ansible --list-hosts` (ansible-core 2.19). */
import { PlinthError, usageError } from '../../lib/core/error.ts'
import { selectHosts, splitPattern } from '../../lib/core/pattern.ts'
import { assert, suite } from '../kit.ts'

const test = suite('pattern')
const names = {
  hosts: ['lone', 'db1', 'nacos1', 'nacos2', 'nacos3', '10.0.0.9'],
  groups: new Map([
    ['all', ['lone', 'db1', 'nacos1', 'nacos2', 'nacos3', '10.0.0.9']],
    ['mysql', ['db1']],
    ['nacos', ['nacos1', 'nacos2', 'nacos3']],
    ['canary', ['nacos3', 'db1']],
    ['empty', []],
  ]),
  linesOf: (file: string) => {
    if (file === 'some.txt') return ['nacos2 ', '', '# a comment', 'mysql', '']
    throw usageError({ where: file, what: 'no such file', remedy: 'correct it' })
  },
}

const cases: readonly [pattern: string, hosts: string][] = [
  ['all', 'lone db1 nacos1 nacos2 nacos3 10.0.0.9'],
  ['*', 'lone db1 nacos1 nacos2 nacos3 10.0.0.9'],
  ['nacos', 'nacos1 nacos2 nacos3'],
  ['nacos1', 'nacos1'],
  ['nacos2,nacos1', 'nacos2 nacos1'],
  ['nacos2:db1', 'nacos2 db1'],
  ['db1,nacos,db1', 'db1 nacos1 nacos2 nacos3'],
  ['nacos:!nacos3', 'nacos1 nacos2'],
  ['!nacos3:nacos', 'nacos1 nacos2'],
  ['nacos:&canary', 'nacos3'],
  ['nacos,mysql,&canary,!db1', 'nacos3'],
  ['!nacos', 'lone db1 10.0.0.9'],
  ['&canary', 'db1 nacos3'],
  ['all:!old*', 'lone db1 nacos1 nacos2 nacos3 10.0.0.9'],
  ['nacos*', 'nacos1 nacos2 nacos3'],
  ['n*', 'nacos1 nacos2 nacos3'],
  ['nacos?', 'nacos1 nacos2 nacos3'],
  ['*c*', 'nacos1 nacos2 nacos3 db1'],
  ['~nacos[12]', 'nacos1 nacos2'],
  ['~(lone|db)', 'lone db1'],
  ['~.*1$', 'db1 nacos1'],
  ['nacos[0]', 'nacos1'],
  ['nacos[-1]', 'nacos3'],
  ['nacos[0:1]', 'nacos1 nacos2'],
  ['nacos[1:]', 'nacos2 nacos3'],
  ['nacos[1:9]', 'nacos2 nacos3'],
  ['nacos[0]:mysql', 'nacos1 db1'],
  [' nacos1 , db1 ', 'nacos1 db1'],
  ['10.0.0.9', '10.0.0.9'],
  ['10.0.*', '10.0.0.9'],
  ['nacos[1:0]', 'nacos2'],
  ['[!n]*', 'lone db1 nacos1 nacos2 nacos3 10.0.0.9'],
  ['nacos[!3]', 'nacos1 nacos2'],
  ['~(?i)NACOS[13]', 'nacos1 nacos3'],
  ['@some.txt', 'nacos2 db1'],
  ['@some.txt:!db1', 'nacos2'],
]
for (const [pattern, hosts] of cases) {
  test(`${pattern} means ${hosts}`, () => assert.is(selectHosts(pattern, names, '--limit').join(' '), hosts))
}

const bad: readonly [pattern: string, what: string, remedy: string][] = [
  ['nacso', '"nacso" is neither a host nor a group', 'did you mean "nacos"?'],
  ['nacos:!nacos33', '"nacos33" is neither', 'did you mean "nacos3"?'],
  ['nacos:&cannary', '"cannary" is neither', 'did you mean'],
  ['zzz', '"zzz" is neither', 'groups are all, mysql, nacos, canary, empty'],
  ['nacos[7]', '"nacos" has 3 hosts', 'count from 0'],
  ['nacos:!nacos', 'leaves no host', '--list-hosts'],
  ['empty', 'leaves no host', '--list-hosts'],
  ['web*', 'leaves no host', '--list-hosts'],
  ['~[', 'a bracket that is not closed', 'close it'],
  ['~', '"~" is no regular expression', '~REGEX'],
  ['~(,db1', 'not a regular expression', 'correct it'],
  ['@nobody.txt', 'no such file', 'correct it'],
]
for (const [pattern, what, remedy] of bad) {
  test(`${pattern} is refused`, () => {
    try {
      selectHosts(pattern, names, '--limit')
    } catch (thrown) {
      assert.instance(thrown, PlinthError)
      const [problem] = (thrown as PlinthError).problems
      assert.is(problem!.where, pattern.startsWith('@') ? 'nobody.txt' : '--limit')
      assert.ok(problem!.what.includes(what), problem!.what)
      assert.ok(problem!.remedy.includes(remedy), problem!.remedy)
      return
    }
    assert.unreachable('nothing was thrown')
  })
}

test('an address is not cut at its colons, and brackets hold theirs', () => {
  const cases: readonly [pattern: string, parts: readonly string[]][] = [
    ['fe80::1', ['fe80::1']],
    ['web1:2222', ['web1:2222']],
    ['a[0:2]:b', ['a[0:2]', 'b']],
    ['~a|b:c', ['~a|b', 'c']],
    ['~a|b:c,d', ['~a|b:c', 'd']],
  ]
  for (const [pattern, parts] of cases) assert.equal(splitPattern(pattern, '--limit'), parts)
})

test.run()
