import { type Resource, resource } from '../core/resource.ts'
import { lines, sh } from '../core/script.ts'
import { type Ownership, ownerOf, ownersOf, type PathState, pathQuestion, readPath } from './path.ts'

/**
 * A directory with its owner, group and mode. Its parent must be there or be declared earlier in the list.
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
    steps: ({ actual }) => [
      {
        say: actual === null ? `make directory ${path}` : `set owner and mode of ${path}`,
        run: lines(
          ...(actual === null ? [sh`umask 022`, sh`mkdir -p -m 0700 -- ${path}`] : []),
          sh`chown ${ownerOf({ owner, group })} -- ${path}`,
          sh`chmod ${mode} -- ${path}`,
        ).text,
      },
    ],
  })
}
