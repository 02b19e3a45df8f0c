/** The help of a playbook, in 80 columns and, where it takes few variables, 24 lines. Pure. */
import { padded, width } from '../core/display.ts'
import type { Description } from '../core/playbook-comment.ts'
import { type Kind, type Name, optionsOf } from './arguments.ts'

/** What shares a line. */
const rows: readonly (readonly Name[])[] = [
  ['inventory'],
  ['limit'],
  ['tags', 'skip-tags'],
  ['extra-vars'],
  ['check', 'diff'],
  ['plan-out', 'apply'],
  ['list-hosts', 'list-tasks', 'list-tags'],
  ['step', 'yes'],
  ['prune', 'force'],
  ['forks'],
  ['user', 'ask-pass'],
  ['private-key'],
  ['become', 'ask-become-pass'],
  ['become-user', 'become-method'],
  ['vault-password-file', 'vault-id', 'ask-vault-pass'],
  ['json', 'events', 'report'],
  ['verbose', 'help', 'version'],
]

const columns = 80
/** Of these the options take. */
const half = 40

/** What a kind of playbook is, for one that says nothing of itself. */
const plain: Readonly<Record<Kind, string>> = {
  site: 'Brings hosts to the state that it declares.',
  procedure: 'Does its actions in order; each looks before it acts.',
  look: 'Only looks.',
  errand: 'Does one thing on each host by itself, on many at once.',
}

/** Words to run it with. `told` has the variables that it must be told. */
const examples: Readonly<Record<Kind, (told: string) => readonly string[]>> = {
  site: (told) => [`-i prod${told} --check`, `-i prod${told} -l 'web:!web3' -e @more.yaml`],
  procedure: (told) => [`-i prod${told} --check`, `-i prod${told}`],
  look: (told) => [`-i prod${told}`, `-i prod${told} --json`],
  errand: (told) => [`-i prod${told}`, `-i prod${told} -l web --json`],
}

/** The text that `--help` prints. `playbook` is its path as it was called. */
export function helpText(playbook: string, { about, variables, rest }: Description, kind: Kind): string {
  const known = optionsOf(kind)
  const options = rows.flatMap((names) => {
    const own = names.flatMap((name) => {
      const flag = known.get(name)
      return flag ? [{ name, ...flag }] : []
    })
    if (own.length === 0) return []
    const left = own.map(
      ({ name, short, value }) => `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
    )
    const text = own.map(({ help }) => help).filter(Boolean)
    return [`  ${left.join(', ').padEnd(half)}  ${text.join('; ')}`.trimEnd()]
  })
  const run = `npx tsx ${playbook} `
  const told = variables.filter(({ needed }) => needed).map(({ name }) => ` -e ${name}=${name.toUpperCase()}`)
  const command = rest ? ` -- ${rest.name.toUpperCase()}` : ''
  const given = [
    ...variables.map(({ name, about, fallback }) => [
      `-e ${name}=${name.toUpperCase()}`,
      `${about}${fallback ? ` (${fallback})` : ''}`,
    ]),
    ...(rest ? [[`-- ${rest.name.toUpperCase()} …`, rest.about]] : []),
  ]
  const shown = rest ? ['-i prod -l web -- uptime', "-i prod -b -- 'df -h / | tail -1'"] : examples[kind](told.join(''))
  return `${[
    `Usage: ${run}-i NAME${told.join('')} [options]${command}`,
    ...wrapped(about === '' ? plain[kind] : about, columns),
    '',
    ...given.flatMap(([left = '', text = '']) => {
      const [first = '', ...more] = wrapped(text, columns - 24)
      return [`  ${padded(left, 20)}  ${first}`, ...more.map((line) => `${' '.repeat(24)}${line}`)]
    }),
    ...(given.length > 0 ? [''] : []),
    ...options,
    'Examples:',
    ...shown.map((words) => `  ${run}${words}`),
    `Exit: 0 done, 1 failed,${known.has('check') ? ' 2 to do (--check),' : ''} 3 unreachable, 4 usage, 130 stopped`,
  ].join('\n')}\n`
}

const chinese = '\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}'
const [opening, closing] = ['（「『《〈【“‘', '，。；：、？！）」』》〉】”’…']
/**
 * What stays together in a word: of one without blanks each character, with what opens before it and closes behind it, and any
 * other word as a whole.
 */
const pieces = new RegExp(`[${opening}]*(?:[${chinese}]|[^${chinese}${opening}]+)[${closing}]*|[${opening}]+`, 'gu')

/** A text in lines of so many columns, broken at blanks and between Chinese characters. */
function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    for (const [index, piece] of (word.match(pieces) ?? []).entries()) {
      const line = lines.at(-1) ?? ''
      const longer = line === '' ? piece : `${line}${index === 0 ? ' ' : ''}${piece}`
      if (line === '' || width(longer) <= columns) lines[lines.length - 1] = longer
      else lines.push(piece)
    }
  }
  return lines
}
