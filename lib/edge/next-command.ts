/** The command to go on with. */
import { q } from '../core/script.ts'
import { mentionsSecret } from '../core/secret-name.ts'
import { flags } from './arguments.ts'

/** Short options without a value, which may stand before another one in a word: `-CDe`. */
const short = `[${Object.values(flags)
  .flatMap((flag) => ('short' in flag && !('value' in flag) ? flag.short : []))
  .join('')}]*`

/**
 * The command to go on with: the one that was given, without --check, and with what may be a secret in -e left out: others see the
 * screen too. An -e and its value are words of their own, so that who keeps the line can leave out all of them (`keptCommand`).
 */
export function commandLine(playbook: string, argv: readonly string[]): string {
  const extraVars = new RegExp(`^(?:-(${short})e=?|--extra-vars(?:=|$))(.*)$`, 's')
  // What stands behind -- is another program's.
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  let isValue = false
  const words = argv.slice(0, end).flatMap((word) => {
    const [option, letters = '', attached = ''] = isValue ? [] : (extraVars.exec(word) ?? [])
    if (isValue || option === undefined) {
      const shown = isValue ? shownValue(word) : word === '--check' ? '' : withoutCheck(word)
      isValue = false
      return shown === '' ? [] : [shown]
    }
    isValue = attached === ''
    const others = letters === '' ? '' : withoutCheck(`-${letters}`)
    return [...(others === '' ? [] : [others]), '-e', ...(isValue ? [] : [shownValue(attached)])]
  })
  return ['npx tsx', ...[playbook, ...words, ...argv.slice(end)].map(q)].join(' ')
}

/** A word of short options without -C; nothing if that was all of it. */
const withoutCheck = (word: string): string =>
  word.replace(new RegExp(`^-(${short})`), (all, letters: string) => {
    const left = letters.replaceAll('C', '')
    return letters === left ? all : left === '' && all === word ? '' : `-${left}`
  })

const shownValue = (value: string): string => (value.startsWith('@') ? value : withoutSecrets(value))

/** A URL with a password in it, or one of the web with a name that may be a token. */
const namesUser = /:\/\/[^\s@]*:\S*@|https?:\/\/[^\s/@]+@/i

/**
 * `name=value` with the value left out where its name, or a name or a URL in it, says that it may be a secret; a map of such a name
 * whole.
 */
function withoutSecrets(text: string): string {
  if (!mentionsSecret(text) && !text.includes('{') && !namesUser.test(text)) return text
  const pairs = text.trim().split(/\s+/)
  // Several in one, without quotes: each by itself.
  if (pairs.length > 1 && pairs.every((one) => /^[\w.-]+=[^\s'"\\{]*$/.test(one)))
    return pairs.map(withoutSecrets).join(' ')
  const pair = /^([\w.-]+)=(.*)$/s.exec(text)
  if (!pair?.[1]) return '***'
  const [, name, value = ''] = pair
  const within = namesUser.test(value) || /[\s{]/.test(value) || (mentionsSecret(value) && value.includes('='))
  return (mentionsSecret(name) && !name.endsWith('_file')) || within ? `${name}=***` : text
}
