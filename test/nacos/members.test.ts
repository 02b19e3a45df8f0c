import {
  clusterConf,
  memberOf,
  memberProblems,
  parseClusterConf,
  raftPeerOf,
  splitMember,
  survives,
} from '../../lib/nacos/members.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/members')

const files: readonly { name: string; text: string; members: readonly string[] }[] = [
  { name: 'plain', text: '10.0.0.1:8848\n10.0.0.2:8848\n', members: ['10.0.0.1:8848', '10.0.0.2:8848'] },
  { name: 'empty', text: '', members: [] },
  { name: 'comments', text: '# all\n  # none\n10.0.0.1:8848 # first\n', members: ['10.0.0.1:8848'] },
  { name: 'as Nacos rewrites it', text: '#2026-11-23T14:20:26.286\n10.0.0.1:8848\n', members: ['10.0.0.1:8848'] },
  { name: 'several on a line', text: '10.0.0.1:8848,10.0.0.2:8849', members: ['10.0.0.1:8848', '10.0.0.2:8849'] },
  { name: 'no port', text: '10.0.0.1\n', members: ['10.0.0.1:8948'] },
  { name: 'CRLF and blanks', text: '  10.0.0.1:8848  \r\n\r\n   \r\n', members: ['10.0.0.1:8848'] },
  { name: 'IPv6', text: '[fd00::1]:8848\n[fd00::2]\n', members: ['[fd00::1]:8848', '[fd00::2]:8948'] },
  // Nacos does not trim behind a comma: such a member never equals the wanted one, and the file gets rewritten.
  { name: 'a blank after a comma', text: '10.0.0.1:8848, 10.0.0.2:8848', members: ['10.0.0.1:8848', ' 10.0.0.2:8848'] },
  { name: 'raft_port', text: '10.0.0.1:8848?raft_port=7848', members: ['10.0.0.1:8848?raft_port=7848'] },
]
for (const { name, text, members } of files)
  test(`reads ${name}`, () => assert.equal(parseClusterConf(text, 8948), members))

test('writes sorted, each once, and reads it back', () => {
  const members = ['10.0.0.3:8848', '10.0.0.1:8848', '10.0.0.3:8848', '10.0.0.2:8848']
  assert.is(clusterConf(members), '10.0.0.1:8848\n10.0.0.2:8848\n10.0.0.3:8848\n')
  assert.equal(parseClusterConf(clusterConf(members)), ['10.0.0.1:8848', '10.0.0.2:8848', '10.0.0.3:8848'])
})

test('members and their Raft peers', () => {
  assert.is(memberOf('10.0.0.1', 8848), '10.0.0.1:8848')
  assert.is(memberOf('fd00::1', 8848), '[fd00::1]:8848')
  assert.is(raftPeerOf('10.0.0.1:8848'), '10.0.0.1:7848')
  assert.is(raftPeerOf('[fd00::1]:8948'), '[fd00::1]:7948')
  assert.equal(splitMember('[fd00::1]:8848'), { address: 'fd00::1', port: 8848 })
  assert.equal(splitMember('10.0.0.1:x'), { address: '10.0.0.1', port: undefined })
})

test('what a cluster survives', () => assert.equal([0, 1, 2, 3, 4, 5, 7].map(survives), [0, 0, 0, 1, 1, 2, 3]))

const three = ['10.0.0.1:8848', '10.0.0.2:8848', '10.0.0.3:8848']
const lists: readonly { members: readonly string[]; says: readonly [string, RegExp][] }[] = [
  { members: three, says: [] },
  { members: [...three, '10.0.0.4:8848', '10.0.0.5:8848'], says: [] },
  { members: [], says: [['error', /no member/]] },
  { members: three.slice(0, 1), says: [['warning', /1 member survives the loss of none/]] },
  { members: three.slice(0, 2), says: [['warning', /2 members survive the loss of none/]] },
  { members: [...three, '10.0.0.4:8848'], says: [['warning', /4 members survive the loss of 1, no more than 3/]] },
  { members: ['localhost:8848', ...three.slice(1)], says: [['error', /loopback/]] },
  { members: ['127.0.1.1:8848', ...three.slice(1)], says: [['error', /loopback/]] },
  { members: ['0.0.0.0:8848', ...three.slice(1)], says: [['error', /no address of a host/]] },
  { members: ['nacos1:8848', ...three.slice(1)], says: [['error', /must all be IP addresses/]] },
  { members: ['nacos1.example.com:8848', ...three.slice(1)], says: [['error', /must all be IP addresses/]] },
  { members: ['10.0.0.1:8848?raft_port=7848', ...three.slice(1)], says: [['error', /drops the whole list/]] },
  { members: ['10.0.0.1', ...three.slice(1)], says: [['error', /no port/]] },
  { members: ['10.0.0.1:99999', ...three.slice(1)], says: [['error', /no port/]] },
  { members: ['[::1]:8848', '[fd00::2]:8848', '[fd00::3]:8848'], says: [['error', /loopback/]] },
  { members: ['[fd00::1]:8848', ...three.slice(1)], says: [['error', /mix IPv4 and IPv6/]] },
  { members: [...three.slice(0, 2), '10.0.0.1:8848'], says: [['error', /in the list twice/]] },
  {
    members: ['localhost:8848', '10.0.0.2:8848'],
    says: [
      ['error', /loopback/],
      ['warning', /survive/],
    ],
  },
]
for (const { members, says } of lists) {
  test(`says of ${members.join(', ') || 'nobody'}`, () => {
    const found = memberProblems(members)
    assert.is(found.length, says.length, JSON.stringify(found))
    for (const [i, [severity, what]] of says.entries()) {
      assert.is(found[i]?.severity, severity)
      assert.match(found[i]?.what ?? '', what)
    }
  })
}

test.run()
