import { type Resource, resource } from '../core/resource.ts'
import { lines, sh } from '../core/script.ts'
import { type Ownership, ownershipStep, ownersOf, type PathState, pathQuestion, readPath, wholeMode } from './path.ts'

/**
 * A directory with its owner, group and mode: root, root and 0755 unless declared, also where it is there already. Its parent must be there or be declared earlier in the list.
 * Something else at its path is an error: it is never deleted.
 */
export function directory(path: string, { owner = 'root', group = 'root', mode = '0755' }: Ownership = {}): Resource {
  return resource<PathState>({
    id: `directory:${path}`,
    needs: ownersOf({ owner, group }),
    probe: [pathQuestion(path)],
    read: (answers) => readPath(answers, path),
    desired: { type: 'directory', owner, group, mode },
    blocked: (_answers, actual) =>
      actual !== null && actual.type !== 'directory'
        ? [
            {
              where: path,
              what: `a ${actual.type} is where a directory should be`,
              remedy: 'move it away, then run again',
            },
          ]
        : [],
    steps({ actual }) {
      if (actual !== null) return [ownershipStep(path, { owner, group, mode })]
      // -h: who owns the folder above may have put a link in its place by then.
      const make = lines(
        sh`umask 022`,
        sh`mkdir -p -m ${wholeMode(mode)} -- ${path}`,
        sh`chown -h ${`${owner}:${group}`} -- ${path}`,
      )
      return [{ say: `make directory ${path}`, run: make.text }]
    },
  })
}
