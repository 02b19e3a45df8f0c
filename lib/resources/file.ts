import { type Problem, usageError } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Definition, type Diff, type Resource, resource, type Step } from '../core/resource.ts'
import { kindOf, reveal, Secret, sha256 } from '../core/secret.ts'
import { hash } from '../readers.ts'
import { declared } from './declared.ts'
import { FileDetail, isPrivate } from './file-detail.ts'
import {
  barredWay,
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathState,
  pathQuestion,
  readPath,
  replaceFile,
  wayQuestion,
} from './path.ts'

interface FileState extends PathState {
  readonly [key: string]: string
  readonly sha256: string
}

export interface FileOptions extends Ownership {
  readonly content: string | Uint8Array | Secret
}

const required = ['content']

/**
 * A file with exactly this content. Owner, group and mode are looked at where they are declared; what is not declared is
 * left as it is on a file that is there, and root, root and 0644 for a new one. A link at its path is replaced, not
 * followed. Throws a usage error for what can't be declared so, see `declared`.
 */
export function file(path: string, options: FileOptions): Resource {
  const { content, ...ownership } = declared('file', path, options, required)
  if (typeof content !== 'string' && !(content instanceof Uint8Array || content instanceof Secret))
    throw usageError({
      where: `file:${path}`,
      what: `content is ${kindOf(content)}`,
      remedy: 'give text, bytes or a Secret',
    })
  return resource(new File(path, content, ownership))
}

class File implements Definition<FileState> {
  readonly id: string
  readonly needs: readonly string[]
  readonly probe: readonly Question[]
  readonly desired: Partial<FileState>
  readonly detail: FileDetail
  private readonly path: string
  private readonly content: FileOptions['content']
  private readonly ownership: Ownership

  constructor(path: string, content: FileOptions['content'], ownership: Ownership) {
    this.id = `file:${path}`
    this.needs = ownersOf(ownership)
    this.probe = [pathQuestion(path), wayQuestion(path), { reader: hash, key: path }]
    const digest = sha256(bytesOf(content))
    this.desired = { type: 'file', ...ownership, sha256: digest }
    this.detail = new FileDetail(path, content, digest, ownership.mode)
    this.path = path
    this.content = content
    this.ownership = ownership
  }

  read(answers: Answers): FileState | null {
    const { path } = this
    const state = readPath(answers, path)
    return state === null ? null : { ...state, sha256: answers({ reader: hash, key: path }) }
  }

  secret(key: string, _value: string, actual: FileState | null): boolean {
    if (key !== 'sha256') return false
    return this.content instanceof Secret || isPrivate(this.ownership.mode) || isPrivate(actual?.mode)
  }

  blocked(_answers: Answers, actual: FileState | null): readonly Problem[] {
    if (actual?.type !== 'directory') return []
    const what = 'a directory is where a file should be'
    return [{ where: this.path, what, remedy: 'move it away, then run again' }]
  }

  barred(answers: Answers, pending: ReadonlySet<string>): readonly Problem[] {
    return barredWay(this.path, answers, pending)
  }

  steps({ actual, changed }: Diff<FileState>): readonly Step[] {
    const { path, content, ownership } = this
    return changed.has('sha256') || changed.has('type')
      ? [{ say: `write ${path}`, run: replaceFile(path, ownership).text, input: bytesOf(content) }]
      : [ownershipStep(path, ownership, actual?.owner)]
  }
}

const bytesOf = (content: FileOptions['content']): string | Uint8Array =>
  content instanceof Uint8Array ? content : reveal(content)
