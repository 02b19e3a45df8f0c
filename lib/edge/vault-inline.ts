/** Single `!vault` values within the text of a YAML file: found by the parser, replaced in place, all else left byte for byte. */
import { parseAllDocuments, type Scalar, visit } from 'yaml'
import { isVault } from './vault.ts'

interface Found {
  /** The vault itself. */
  readonly vault: string
  /** Where its value begins and ends in the text: behind the tag. */
  readonly from: number
  readonly to: number
}

/** The `!vault` values of a text, in order; none where it is no YAML. */
function inlineVaults(text: string): readonly Found[] {
  if (!text.includes('!vault')) return []
  const documents = [...parseAllDocuments(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' })]
  if (documents.some(({ errors }) => errors.length > 0)) return []
  const found: Found[] = []
  for (const document of documents)
    visit(document, {
      Scalar(_, { tag, value, range }: Scalar) {
        if (tag !== '!vault' || typeof value !== 'string' || !isVault(value.trimStart()) || !range) return
        found.push({ vault: value, from: range[0], to: range[1] })
      },
    })
  return found
}

/** Whether a text has encrypted values in it. */
export const hasInlineVaults = (text: string): boolean => inlineVaults(text).length > 0

/** What becomes of a value: the vault as it is, and the number of its line. May throw. */
type Replace = (vault: string, line: number) => string

/** The text with every encrypted value as `replace` gives it: another vault, in the form that the old one had. */
export const withVaults = (text: string, replace: Replace): string =>
  replaced(text, replace, (vault, source) => {
    const [, first, indent = ''] = /^([|>][^\n]*\n)(?:[^\S\n]*\n)*([^\S\n]*)/.exec(source) ?? []
    if (first === undefined) return JSON.stringify(vault)
    const lines = `${first.replace(/^>/, '|')}${indented(vault.trimEnd(), indent)}${/\s*$/.exec(source)?.[0]}`
    return first.endsWith('\r\n') ? lines.replace(/\r?\n/g, '\r\n') : lines
  })

/** The text with every encrypted value as `replace` gives it, in quotes and without its tag. */
export const withValues = (text: string, replace: Replace): string =>
  replaced(
    text,
    replace,
    (value, source) => `${JSON.stringify(value)}${/\r?\n$/.exec(source)?.[0] ?? ''}`,
    /!vault\s*$/,
  )

/** @param written the new value as it stands in the file, in place of `source` @param before what goes away before it */
function replaced(
  text: string,
  replace: Replace,
  written: (made: string, source: string) => string,
  before = /(?!)/,
): string {
  let result = ''
  let at = 0
  for (const { vault, from, to } of inlineVaults(text)) {
    const line = text.slice(0, from).split('\n').length
    result += text.slice(at, from).replace(before, '') + written(replace(vault, line), text.slice(from, to))
    at = to
  }
  return result + text.slice(at)
}

const indented = (vault: string, indent: string): string => vault.replace(/^(?=.)/gm, indent)

/** A vault as the value of a key, as `ansible-vault encrypt_string` writes it; without a name the value alone. */
export const inlineValue = (vault: string, name: string | null): string =>
  `${name === null ? '' : `${name}: `}!vault |\n${indented(vault, ' '.repeat(10))}`
