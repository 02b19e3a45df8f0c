/**
 * The words of an ssh command line in an inventory (`-J bastion -o UserKnownHostsFile=known_hosts`), brought into one
 * form: `-F FILE` and `-o NAME=VALUE`, with the file names made absolute. ssh itself decides later what they come to.
 */
import * as v from 'valibot'
import { LocatedScalar, type Place } from './located.ts'
import { nearest } from './nearest.ts'
import type { Schema } from './schema.ts'
import { shellWords } from './shell-words.ts'
import { directives } from './ssh-directives.ts'
import { forEditors, message, resolvePath } from './values.ts'

/** Short options with a value, and the directive each of them is. */
const asDirective: Readonly<Record<string, string>> = {
  ...{ B: 'BindInterface', b: 'BindAddress', c: 'Ciphers', I: 'PKCS11Provider', i: 'IdentityFile' },
  ...{ J: 'ProxyJump', l: 'User', m: 'MACs', p: 'Port' },
}
/** Short options without a bearing on reaching a host (see ssh-directives.ts), without a value and with one. */
const withoutBearing = /^[46AaCgKkMnqTtvXxYy]+$/
const withoutBearingOf = 'DELRSew'

class NotUnderstood {
  readonly what: string
  readonly remedy: string

  constructor(what: string, remedy: string) {
    this.what = what
    this.remedy = remedy
  }
}

/** A schema for `ansible_ssh_common_args` and its like: the words, or what is wrong with them. */
export const sshArguments = (): Schema<readonly string[]> =>
  v.pipe(
    v.unknown(),
    forEditors({ type: 'string', description: 'options of ssh: -o NAME=VALUE, -J HOST, -F FILE' }),
    v.rawTransform<unknown, readonly string[]>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value
      const line = input instanceof LocatedScalar ? input.text : String(input)
      const words = shellWords(line)?.map((word) => word.text)
      const read = words
        ? readWords(words, input instanceof LocatedScalar ? input.at : null)
        : new NotUnderstood(`a quote that does not end: ${line}`, 'end it, or take it out')
      if (!(read instanceof NotUnderstood)) return read
      addIssue({ message: message(read.what, read.remedy) })
      return NEVER
    }),
  )

function readWords(words: readonly string[], at: Place | null): readonly string[] | NotUnderstood {
  const read: string[] = []
  const rest = words.values()
  for (const word of rest) {
    const letter = word[1] ?? ''
    if (word.startsWith('-') && withoutBearing.test(word.slice(1))) {
      const family = /[46]/.exec(word)?.[0]
      if (family !== undefined) read.push('-o', `AddressFamily=inet${family === '6' ? '6' : ''}`)
    } else if (/^-[A-Za-z]/.test(word) && (letter in asDirective || `oF${withoutBearingOf}`.includes(letter))) {
      const value = word.length > 2 ? word.slice(2) : rest.next().value
      if (value === undefined) return new NotUnderstood(`-${letter} needs a value`, `write -${letter} VALUE`)
      if (withoutBearingOf.includes(letter)) continue
      if (letter === 'F') read.push('-F', value === 'none' ? value : resolvePath(value, at))
      else {
        const option = readOption(letter === 'o' ? value : `${asDirective[letter]}=${value}`, at)
        if (option instanceof NotUnderstood) return option
        read.push(...option)
      }
    } else
      return new NotUnderstood(
        `not understood: ${word}`,
        'write options of ssh that lead to a host: -o, -J, -F, -p, -i',
      )
  }
  return read
}

/** `NAME=VALUE` or `NAME VALUE` as the words to pass on: none where it has no bearing. */
function readOption(option: string, at: Place | null): readonly string[] | NotUnderstood {
  const [, name = '', value = ''] = /^\s*([A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*?)\s*$/s.exec(option) ?? []
  const directive = directives.get(name.toLowerCase())
  if (name === '' || value === '') return new NotUnderstood(`not understood: -o ${option}`, 'write -o NAME=VALUE')
  if (!directive) {
    const meant = nearest(name, directives.keys())
    const guess = meant === null ? '' : `did you mean ${meant}? `
    return new NotUnderstood(`ssh has no option ${name}`, `${guess}correct it, see ssh_config(5) for the names`)
  }
  if (directive.as === 'refused' && directive.when.test(value))
    return new NotUnderstood(directive.what, directive.remedy)
  if (directive.as === 'ignored' && !/^HashKnownHosts$/i.test(name)) return []
  const paths = 'paths' in directive ? directive.paths : undefined
  const absolute = (file: string): string => (isFile(file) ? resolvePath(file, at) : file)
  if (paths === 'many')
    return [
      '-o',
      `${name}=${fileWords(value)
        .map((file) => quoted(absolute(file)))
        .join(' ')}`,
    ]
  return ['-o', `${name}=${paths === 'one' ? quoted(absolute(value.replace(/^"(.*)"$/s, '$1'))) : value}`]
}

/** Not a word like `none` or `internal`, nor what ssh makes a path of itself: `%d/x`, `$SOCKET`, `~other/x`. */
const isFile = (name: string): boolean => !/^(none|SSH_AUTH_SOCK|internal|[%$].*|~[^/].*)$/s.test(name)
const quoted = (file: string): string => (/\s/.test(file) ? `"${file}"` : file)

/** The words of a list of files, as ssh reads it: double quotes hold a name with spaces together. */
export const fileWords = (value: string): readonly string[] =>
  [...value.matchAll(/"([^"]*)"|(\S+)/g)].map(([, inQuotes, plain]) => inQuotes ?? plain ?? '')
