/** What people see of a file whose content changes: the lines of it, or why there are none. */
import { mostExcerpt } from '../core/file-contents.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Detail } from '../core/resource.ts'
import { reveal, Secret } from '../core/secret.ts'
import { secretLines } from '../core/secret-lines.ts'
import { textDiff } from '../core/text-diff.ts'
import { differing, hash } from '../readers.ts'
import { pathQuestion, readStat, wayQuestion } from './path.ts'

const without = (why: string): readonly string[] => [`(no lines: ${why})`]
const tooLarge = without(`more than ${mostExcerpt / 1024} KiB`)
const noText = without('not UTF-8 text')
const astray = without('it is reached by a link')
const onlyOwner = without('only its owner may read it')
/** Whether a file of this mode is its owner's alone to read: what is in it is shown to nobody, not even as a digest that could be guessed from. */
export const isPrivate = (mode: string | undefined): boolean => mode !== undefined && /00$/.test(mode)

/**
 * A unified diff of a text. Not of what is large, no text or secret; and not of a file that only its owner may read, now or
 * in future: somebody thinks that what is in it is nobody else's business. The value of what has a secret's name is `***`: a password that is
 * moved out of a file of its group's is in its lines of before.
 */
export class FileDetail implements Detail {
  private readonly path: string
  private readonly content: string | Uint8Array | Secret
  private readonly digest: string
  private readonly mode: string | undefined

  /** `digest` is the content's SHA-256, `mode` as declared. */
  constructor(path: string, content: string | Uint8Array | Secret, digest: string, mode: string | undefined) {
    this.path = path
    this.content = content
    this.digest = digest
    this.mode = mode
  }

  get probe(): readonly Question[] {
    const { path } = this
    return [sumOf(path), ...(this.without() ? [] : [pathQuestion(path), wayQuestion(path)]), ...this.along]
  }

  get along(): readonly Question[] {
    return this.without() ? [] : [this.question]
  }

  lines(answers: Answers): readonly string[] {
    if (answers(sumOf(this.path)) === this.digest) return []
    return this.without() ?? this.diff(answers)
  }

  private get question(): Question {
    return { reader: differing, key: `${this.digest} ${this.path}` }
  }

  /** Why there are no lines, whatever is there. */
  private without(): readonly string[] | undefined {
    const { content, mode } = this
    if (content instanceof Secret) return without('it is secret')
    if (isPrivate(mode)) return onlyOwner
    return Buffer.byteLength(content) > mostExcerpt ? tooLarge : undefined
  }

  private diff(answers: Answers): readonly string[] {
    const { path, content } = this
    const now = readStat(answers, path)
    if (answers(wayQuestion(path)) !== '') return astray
    if (isPrivate(now?.mode)) return onlyOwner
    if (now !== null && now.type !== 'file') return without(`a ${now.type} is there now`)
    if (now !== null && now.bytes > mostExcerpt) return tooLarge
    const before = textOf(Buffer.from(answers(this.question), 'base64'))
    const after = textOf(Buffer.from(bytesOf(content)))
    if (before === undefined || after === undefined) return noText
    return textDiff(before, after, secretLines) ?? without('too much of it differs')
  }
}

const sumOf = (path: string): Question => ({ reader: hash, key: path })
const bytesOf = (content: string | Uint8Array | Secret): string | Uint8Array =>
  content instanceof Uint8Array ? content : reveal(content)

/** Undefined for what is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
