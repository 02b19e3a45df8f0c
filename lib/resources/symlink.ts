import { posix } from 'node:path'
import { type Resource, resource } from '../core/resource.ts'
import { sh } from '../core/script.ts'
import { link } from '../readers.ts'
import { pathQuestion, readPath } from './path.ts'

interface LinkState {
  readonly [key: string]: string
  readonly type: string
  readonly target: string
}

/** A symbolic link to a target, switched by rename so that it is never missing. A real file or directory there is an error. */
export function symlink(path: string, target: string): Resource {
  const temporary = `${path}.plinth`
  return resource<LinkState>({
    id: `symlink:${path}`,
    needs: ['release', 'directory', 'file'].map((kind) => `${kind}:${posix.resolve(posix.dirname(path), target)}`),
    probe: [pathQuestion(path), { reader: link, key: path }],
    read(answers) {
      const state = readPath(answers, path)
      return state === null ? null : { type: state.type, target: answers({ reader: link, key: path }) }
    },
    desired: { type: 'link', target },
    blocked: (_answers, actual) =>
      actual !== null && actual.type !== 'link'
        ? [{ where: path, what: `a ${actual.type} is where a link should be`, remedy: 'move it away, then run again' }]
        : [],
    steps: () => [
      {
        say: `link ${path} to ${target}`,
        // -T: a link to a directory is replaced, not entered.
        run: sh`rm -f -- ${temporary}
ln -s -- ${target} ${temporary}
mv -fT -- ${temporary} ${path}`.text,
      },
    ],
  })
}
