import { posix } from 'node:path'
import type { Problem } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Definition, type Diff, type Resource, resource, type Step } from '../core/resource.ts'
import { lines, sh } from '../core/script.ts'
import { declared } from './declared.ts'
import {
  enter,
  hereOf,
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathState,
  pathQuestion,
  readPath,
  wholeMode,
} from './path.ts'

/**
 * A directory with its owner, group and mode: root, root and 0755 unless declared, also where it is there already. Its parent must be there or be declared earlier in the list.
 * Something else at its path is an error: it is never deleted. Throws a usage error for what can't be declared so, see `declared`.
 */
export function directory(path: string, options: Ownership = {}): Resource {
  const { owner = 'root', group = 'root', mode = '0755' } = declared('directory', path, options, [])
  return resource(new Directory(path, owner, group, mode))
}

class Directory implements Definition<PathState> {
  readonly id: string
  readonly needs: readonly string[]
  readonly probe: readonly Question[]
  readonly desired: PathState
  private readonly path: string

  constructor(path: string, owner: string, group: string, mode: string) {
    this.id = `directory:${path}`
    this.needs = ownersOf({ owner, group })
    this.probe = [pathQuestion(path)]
    this.desired = { type: 'directory', owner, group, mode }
    this.path = path
  }

  read(answers: Answers): PathState | null {
    return readPath(answers, this.path)
  }

  blocked(_answers: Answers, actual: PathState | null): readonly Problem[] {
    if (actual === null || actual.type === 'directory') return []
    const what = `a ${actual.type} is where a directory should be`
    return [{ where: this.path, what, remedy: 'move it away, then run again' }]
  }

  steps({ actual }: Diff<PathState>): readonly Step[] {
    const { path } = this
    const { owner, group, mode } = this.desired
    if (actual !== null) return [ownershipStep(path, { owner, group, mode })]
    const at = posix.resolve('/', path)
    const above = posix.dirname(at)
    const here = hereOf(at)
    // -h: who owns the folder above may have put a link in its place by then.
    const make = lines(
      sh`umask 022`,
      sh`if [ ! -d ${above} ]; then mkdir -p -- ${above}; fi`,
      enter(above),
      sh`mkdir -p -m ${wholeMode(mode)} -- ${here}`,
      sh`chown -h ${`${owner}:${group}`} -- ${here}`,
    )
    return [{ say: `make directory ${path}`, run: make.text }]
  }
}
