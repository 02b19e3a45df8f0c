/** What people see of a file whose content changes: the lines of it, or why there are none. */
import type { Answers } from '../core/probe.ts'
import type { Detail } from '../core/resource.ts'
import { reveal, Secret, sha256 } from '../core/secret.ts'
import { textDiff } from '../core/text-diff.ts'
import { excerpt, hash, mostExcerpt } from '../readers.ts'
import { pathQuestion, readStat } from './path.ts'

const without = (why: string): readonly string[] => [`(no lines: ${why})`]
const tooLarge = without(`more than ${mostExcerpt / 1024} KiB`)
const noText = without('not UTF-8 text')
const onlyOwner = without('only its owner may read it')
const isPrivate = (mode: string | undefined): boolean => mode !== undefined && /00$/.test(mode)

/**
 * A unified diff of a text. Not of what is large, no text or secret; and not of a file that only its owner may read, now or
 * in future: somebody thinks that what is in it is nobody else's business.
 * @param mode as declared
 */
export function fileDetail(path: string, content: string | Uint8Array | Secret, mode: string | undefined): Detail {
  const sum = { reader: hash, key: path }
  const question = { reader: excerpt, key: path }
  const wanted = content instanceof Uint8Array ? content : reveal(content)
  const known =
    content instanceof Secret
      ? without('it is secret')
      : isPrivate(mode)
        ? onlyOwner
        : Buffer.byteLength(wanted) > mostExcerpt
          ? tooLarge
          : undefined
  const lines = (answers: Answers): readonly string[] => {
    const now = readStat(answers, path)
    if (isPrivate(now?.mode)) return onlyOwner
    if (now !== null && now.type !== 'file') return without(`a ${now.type} is there now`)
    if (now !== null && now.bytes > mostExcerpt) return tooLarge
    const before = textOf(Buffer.from(answers(question), 'base64'))
    const after = textOf(Buffer.from(wanted))
    if (before === undefined || after === undefined) return noText
    return textDiff(before, after) ?? without('too much of it differs')
  }
  return {
    probe: known ? [sum] : [sum, pathQuestion(path), question],
    lines: (answers) => (answers(sum) === sha256(wanted) ? [] : (known ?? lines(answers))),
  }
}

/** Undefined for what is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
