/** What is wrong with a text that is no YAML, in words for the one who wrote it. */

/** What is wrong, and what to do. No part of the text is in it: that may be a secret. */
type Mistake = readonly [what: string, remedy: string]

const mostLines = 100_000

/** A mistake, and where in the text it is. */
export interface Misplaced {
  readonly offset: number
  readonly mistake: Mistake
}

/**
 * What stands in the way of reading a text at all, or null: an encrypted text that does not begin in the first line, the
 * marks of a conflict, more lines than any inventory has, nesting deeper than any inventory has. The parser recurses, and a text made to end the stack would
 * end the process: 200 brackets, or 400 columns of indentation and dashes. Brackets in quotes count too, which no one
 * notices.
 */
export function obstacle(text: string): Misplaced | null {
  const vault = text.indexOf('\n$ANSIBLE_VAULT;') + 1
  if (vault > 0 && /^(?:[ \t\r]|#[^\n]*|---|\n)*$/.test(text.slice(0, vault)))
    return {
      offset: vault,
      mistake: ['an encrypted text that does not begin in the first line', 'remove the lines above it'],
    }
  const conflict = /^(?:<{7} |>{7} )/m.exec(text)
  if (conflict)
    return { offset: conflict.index, mistake: ['a conflict that git left', 'keep one side, and remove the marks'] }
  // Every line that says something is a value at least. Reading them all would take long, to say the same.
  const lines = text.match(/^[ \t]*[^ \t\r\n#]/gm)?.length ?? 0
  if (lines > mostLines)
    return { offset: 0, mistake: [`more than ${mostLines} lines`, 'name the right file, or use ranges and groups'] }
  const deep = deepest(text)
  return deep === null ? null : { offset: deep, mistake: ['nested too deeply', 'write a flatter file'] }
}

function deepest(text: string): number | null {
  let depth = 0
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > 200) return index
  }
  return /^[ ?:-]{400}/m.exec(text)?.index ?? null
}

/**
 * What the parser's complaint means: the package `yaml` has a code and a sentence for each. `hidden`: the text was
 * encrypted, so that even the sentence may say too much.
 */
export function syntaxMistake(code: string, sentence: string, hidden: boolean): Mistake {
  if (code === 'MISSING_CHAR' && /quote/.test(sentence)) return ['a quote above is not closed', 'close it']
  if (/ end with a [\]}]/.test(sentence)) return ['a bracket above is not closed', 'close it']
  switch (code) {
    case 'TAB_AS_INDENT':
      return ['a tab in the indentation', 'indent with spaces']
    case 'MULTIPLE_DOCS':
      return ['a second document begins here', 'remove the line that divides them ("---" or "...")']
    case 'BAD_INDENT':
      return ['wrong indentation', 'begin the keys of one map in one column']
    case 'BLOCK_AS_IMPLICIT_KEY':
      return ['a second key on one line', 'give it a line of its own, indented, or put the text in quotes']
    case 'MULTILINE_IMPLICIT_KEY':
      return ['a line that is no "name: value"', 'write it so, or put text of several lines in quotes']
    case 'BAD_SCALAR_START':
      return [`text can't begin with ${/([@`|>%])$/.exec(sentence)?.[1] ?? 'this sign'}`, 'put it in quotes']
    case 'UNEXPECTED_TOKEN':
      return unexpected(sentence)
  }
  // Some sentences end with a piece of the file.
  const said = sentence.replace(/(: |(?<=escape) sequence).*$/s, '')
  return [hidden ? `not YAML (${code})` : `not YAML: ${said}`, 'correct the line']
}

function unexpected(sentence: string): Mistake {
  if (/flow-(?:map|seq)-end/.test(sentence)) return ['a bracket is closed that was not opened', 'remove it']
  if (/^Unexpected , in flow/.test(sentence)) return ['a comma with nothing before it', 'remove it']
  return ['not YAML: text behind the end of a value', 'remove it, or put the whole value in quotes']
}
