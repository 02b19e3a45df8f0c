import { posix } from 'node:path'
import { type Problem, usageError } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Definition, type Resource, resource, type Step } from '../core/resource.ts'
import { sh } from '../core/script.ts'
import { kindOf } from '../core/secret.ts'
import { enter } from '../core/way.ts'
import { link } from '../readers.ts'
import { checkPath } from './declared.ts'
import { barredWay, hereOf, pathQuestion, readPath, wayQuestion } from './path.ts'

interface LinkState {
  readonly [key: string]: string
  readonly type: string
  readonly target: string
}

/** A symbolic link to a target, switched by rename so that it is never missing. A real file or directory there is an error. */
export function symlink(path: string, target: string): Resource {
  checkPath('symlink', path)
  if (typeof target !== 'string' && target !== undefined)
    throw usageError({ where: `symlink:${path}`, what: `what it leads to is ${kindOf(target)}`, remedy: 'give a text' })
  if (!target)
    throw usageError({ where: `symlink:${path}`, what: 'it leads nowhere', remedy: 'give the path that it leads to' })
  return resource(new Symlink(path, target))
}

class Symlink implements Definition<LinkState> {
  readonly id: string
  readonly needs: readonly string[]
  readonly probe: readonly Question[]
  readonly desired: LinkState
  private readonly path: string

  constructor(path: string, target: string) {
    const leadsTo = posix.resolve(posix.dirname(path), target)
    this.id = `symlink:${path}`
    this.needs = [`release:${leadsTo}`, `directory:${leadsTo}`, `file:${leadsTo}`]
    this.probe = [pathQuestion(path), wayQuestion(path), { reader: link, key: path }]
    this.desired = { type: 'link', target }
    this.path = path
  }

  read(answers: Answers): LinkState | null {
    const state = readPath(answers, this.path)
    return state && { type: state.type, target: answers({ reader: link, key: this.path }) }
  }

  blocked(_answers: Answers, actual: LinkState | null): readonly Problem[] {
    if (actual === null || actual.type === 'link') return []
    const what = `a ${actual.type} is where a link should be`
    return [{ where: this.path, what, remedy: 'move it away, then run again' }]
  }

  barred(answers: Answers, pending: ReadonlySet<string>): readonly Problem[] {
    return barredWay(this.path, answers, pending)
  }

  steps(): readonly Step[] {
    const { path } = this
    const { target } = this.desired
    const at = posix.resolve('/', path)
    const here = hereOf(at)
    // Swept by whoever writes beside it, should this be killed.
    const temporary = `./.plinth.${posix.basename(at)}`
    return [
      {
        say: `link ${path} to ${target}`,
        // Where nothing is there it is made in its place; what came there meanwhile is replaced as any other.
        // -T: a link to a directory is replaced, not entered; and one that waits at the temporary name is an error.
        // busybox's mv stumbles over a link that leads in a circle.
        run: sh`${enter(posix.dirname(at))}
if [ -e ${temporary} ] || [ -L ${temporary} ]; then rm -f -- ${temporary}; fi
if [ -e ${here} ] || [ -L ${here} ] || ! ln -sT -- ${target} ${here} 2>/dev/null; then
  ln -sT -- ${target} ${temporary}
  if [ -L ${here} ] && [ ! -e ${here} ] && ! readlink -f -- ${here} >/dev/null; then rm -f -- ${here}; fi
  mv -fT -- ${temporary} ${here}
fi
sync .`.text,
      },
    ]
  }
}
