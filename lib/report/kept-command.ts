/** The command to go on with as a report keeps it. Pure. */
import { pairWords } from '../core/pair-words.ts'
import { q } from '../core/script.ts'
import { shellWords } from '../core/shell-words.ts'

/**
 * Of variables given by value (`-e NAME=VALUE`) the names alone, as in a saved plan: others read the report, and any value may be
 * secret, whatever its name. The screen has it as it was typed. `command` is a line of `commandLine`.
 */
export function keptCommand(command: string): string {
  const words = (shellWords(command) ?? []).map(({ text }) => text)
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return words
    .map((word, index) => {
      const isValue = index < end && words[index - 1] === '-e' && !word.startsWith('@')
      return isValue ? namesIn(word) : word
    })
    .map(q)
    .join(' ')
}

const namesIn = (text: string): string => {
  const words = /^[[{]/.test(text) ? [] : (pairWords(text) ?? [])
  const names = words.flatMap((word) => (word.includes('=') ? [word.slice(0, word.indexOf('='))] : []))
  return names.length === 0 ? '…' : names.map((name) => `${name}=…`).join(' ')
}
