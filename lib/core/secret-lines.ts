/** A text's lines as people may see them: without the values of what has a secret's name. Pure. */
import { isSecretName } from './secret-name.ts'

const stars = '***'
/**
 * What a value stands behind: `name="KEY" value=`, `KEY=`, `KEY: `, `"KEY":` (also in JSON within a string), `<KEY>`. A word is
 * looked at from its beginning alone: with one of 64 KiB there would be no end to it.
 */
const naming =
  /\b(?:name|key)=["']([^"']*)["']\s+value=|(?<![\w.-])([\w.-]+)(?:\[\w*\])?(?:\\*["'])?[ \t]*[=:][ \t]*|<([\w.-]+)>/gi
/** A value in quotes, behind which nothing goes on with it. */
const quoted = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?=$|[\s,;)\]}>/?&])/
/** The beginning of a value that is on the lines below: nothing, or a block of YAML, JSON or HCL. */
const block = /^(?:[|>[{(!&]|\s*$)/
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const passwordInAddress = /(\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g

/** Whether a line below a secret is of it still. */
type GoesOn = (line: string) => boolean
const never: GoesOn = () => false

/**
 * The text's lines, in which the value of what has a secret's name (`isSecretName`) is `***`: to the end of its quotes or of its
 * line, with the lines below that belong to it (after a backslash, indented deeper than its name); so are a private key in PEM
 * and the password in an address. A secret under another name, or in another form, is not found.
 */
export function secretLines(text: string): readonly string[] {
  let goesOn = never
  return text.split('\n').map((line) => {
    if (goesOn(line)) return line.replace(/\S.*/s, stars)
    const one = masked(line)
    goesOn = one.goesOn
    return one.shown
  })
}

function masked(line: string): { readonly shown: string; readonly goesOn: GoesOn } {
  const begun = privateKey.exec(line)
  if (begun) {
    const from = begun.index + begun[0].length
    return {
      shown: line.slice(0, from) + line.slice(from).replace(/\S.*/s, stars),
      goesOn: toEndOfKey(line.slice(from)),
    }
  }
  let shown = ''
  let at = 0
  let goesOn = never
  for (const match of line.matchAll(naming)) {
    const [before, attribute, key, element] = match
    const from = match.index + before.length
    if (from < at || !isSecretName(attribute ?? key ?? element ?? '')) continue
    const rest = line.slice(from)
    const value = element === undefined ? (quoted.exec(rest)?.[0] ?? rest) : (rest.split('<', 1)[0] ?? rest)
    shown += line.slice(at, from) + value.replace(/\S.*/s, stars)
    at = from + value.length
    if (at === line.length) goesOn = block.test(value) ? indentedBelow(line) : continued(line)
  }
  return { shown: (shown + line.slice(at)).replaceAll(passwordInAddress, `$1${stars}`), goesOn }
}

function toEndOfKey(behind: string): GoesOn {
  let ended = behind.includes('-----END ')
  return (line) => {
    const within = !ended
    ended ||= line.includes('-----END ')
    return within
  }
}

/** After a backslash at its end a line goes on, as that one may. */
function continued(line: string): GoesOn {
  let open = /\\\r?$/.test(line)
  return (next) => {
    const within = open
    open &&= /\\\r?$/.test(next)
    return within
  }
}

/** Deeper than the name, or an item of a list on a level with it. */
function indentedBelow(line: string): GoesOn {
  const level = line.search(/[^\s-]/)
  return (next) => {
    const column = next.search(/\S/)
    return column === -1 || column > level || (column === level && next.startsWith('- ', column))
  }
}
