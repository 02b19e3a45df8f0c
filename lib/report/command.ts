import { q } from '../core/script.ts'

/** Variables whose values are not repeated; the rest of the word that a secret may stand in goes with it. */
const secretName = /pass|secret|token|key|credential/i

/**
 * The command to go on with: the one that was given, without --check, and with what may be a secret in -e left out:
 * it stands in reports that others read.
 */
export function commandLine(playbook: string, argv: readonly string[]): string {
  const words = argv.flatMap((word, index) => {
    if (word === '--check' || word === '-C') return []
    const isValue = argv[index - 1] === '-e' || argv[index - 1] === '--extra-vars'
    const [, option = '', value = ''] = isValue ? ['', '', word] : (/^(-e=?|--extra-vars=)(.+)$/s.exec(word) ?? [])
    return [value === '' || value.startsWith('@') ? word : option + withoutSecrets(value)]
  })
  return ['npx tsx', ...[playbook, ...words].map(q)].join(' ')
}

/** `name=value` with the value left out where the name says that it is a secret; a map of such a name whole. */
function withoutSecrets(text: string): string {
  if (!secretName.test(text)) return text
  const pair = /^([\w.-]+)=(.*)$/s.exec(text)
  if (!pair?.[1]) return '***'
  return secretName.test(pair[1]) || /[\s{]/.test(pair[2] ?? '') ? `${pair[1]}=***` : text
}
