/** The help of playbooks whose comments are written without blanks. */
import { width } from '../../lib/core/display.ts'
import { helpText } from '../../lib/edge/help.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/help')

const about =
  '把一台工作节点上的任务队列清空，然后等待所有正在执行的任务结束，再把它从负载均衡（nginx）里摘下来，最后检查剩余节点能否承受全部流量，如果不能承受则拒绝执行并给出原因和处理办法。'
const told =
  '主机名，与清单里写的一样；清空期间新的请求会转到其他节点，已经开始的请求会等待结束，超过时间的请求会被取消'
const help = helpText(
  'playbooks/drain.ts',
  {
    about,
    variables: [{ name: 'worker', about: told, needed: true }],
    rest: null,
  } as unknown as Parameters<typeof helpText>[1],
  'procedure',
)
const lines = help.split('\n')

test('no line is wider than 80 columns', () => {
  assert.equal(
    lines.filter((line) => width(line) > 80),
    [],
  )
})

test('what is broken reads on as it was, and no line is short of its columns by more than two characters', () => {
  const first = lines.slice(1, lines.indexOf(''))
  assert.is(first.join(''), about)
  for (const line of first.slice(0, -1)) assert.ok(width(line) > 80 - 9, line)
  const second = lines.filter((line) => /^ {24}\S|-e worker=WORKER {2}/.test(line)).map((line) => line.slice(24))
  assert.is(second.join('').replace(/^ +/, ''), told)
})

test('no line begins with what closes, or ends with what opens', () => {
  for (const line of lines) assert.not.match(line, /^\s*[，。；：、？！）」》]|[（「《]$/)
})

test('words between blanks stay whole', () => {
  const plain = { about: 'a '.repeat(60) + 'x'.repeat(90), variables: [], rest: null } as never
  const [, one, two, three] = helpText('p.ts', plain, 'site').split('\n')
  assert.equal([one, two, three], ['a '.repeat(40).trim(), 'a '.repeat(20).trim(), 'x'.repeat(90)])
})

test.run()
