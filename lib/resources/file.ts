import { type Resource, resource } from '../core/resource.ts'
import { reveal, Secret, sha256 } from '../core/secret.ts'
import { hash } from '../readers.ts'
import { FileDetail } from './file-detail.ts'
import { type Ownership, ownershipStep, ownersOf, type PathState, pathQuestion, readPath, replaceFile } from './path.ts'

interface FileState extends PathState {
  readonly [key: string]: string
  readonly sha256: string
}

export interface FileOptions extends Ownership {
  readonly content: string | Uint8Array | Secret
}

/**
 * A file with exactly this content. Owner, group and mode are looked at where they are declared; what is not declared is
 * left as it is on a file that is there, and root, root and 0644 for a new one. A link at its path is replaced, not
 * followed.
 */
export function file(path: string, { content, ...ownership }: FileOptions): Resource {
  const bytes = content instanceof Uint8Array ? content : reveal(content)
  return resource<FileState>({
    id: `file:${path}`,
    needs: ownersOf(ownership),
    probe: [pathQuestion(path), { reader: hash, key: path }],
    read(answers) {
      const state = readPath(answers, path)
      return state === null ? null : { ...state, sha256: answers({ reader: hash, key: path }) }
    },
    desired: { type: 'file', ...ownership, sha256: sha256(bytes) },
    secret: (key) => key === 'sha256' && content instanceof Secret,
    blocked: (_answers, actual) =>
      actual?.type === 'directory'
        ? [{ where: path, what: 'a directory is where a file should be', remedy: 'move it away, then run again' }]
        : [],
    detail: new FileDetail(path, content, ownership.mode),
    steps: ({ changed }) =>
      changed.has('sha256') || changed.has('type')
        ? [{ say: `write ${path}`, run: replaceFile(path, ownership).text, input: bytes }]
        : [ownershipStep(path, ownership)],
  })
}
