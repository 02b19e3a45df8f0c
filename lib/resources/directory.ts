import { posix } from 'node:path'
import type { Problem } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Definition, type Diff, type Resource, resource, type Step } from '../core/resource.ts'
import { lines, sh } from '../core/script.ts'
import { enterOrMake } from '../core/way.ts'
import { declared } from './declared.ts'
import {
  barredWay,
  hereOf,
  isRoots,
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathState,
  pathQuestion,
  readPath,
  wayQuestion,
  wholeMode,
} from './path.ts'

/**
 * A directory with its owner, group and mode: root, root and 0755 unless declared, also where it is there already. What is missing above
 * it is made with it, root's and 0755.
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
    this.probe = [pathQuestion(path), wayQuestion(path)]
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

  barred(answers: Answers, pending: ReadonlySet<string>): readonly Problem[] {
    return barredWay(this.path, answers, pending)
  }

  steps({ actual }: Diff<PathState>): readonly Step[] {
    const { path } = this
    const { owner, group, mode } = this.desired
    if (actual !== null) return [ownershipStep(path, { owner, group, mode }, actual.owner)]
    const at = posix.resolve('/', path)
    const above = posix.dirname(at)
    const here = hereOf(at)
    // -h: there may be a link in its place by then.
    const give = sh`chown -h ${`${owner}:${group}`} -- ${here}`
    // What has come there meanwhile may be anybody's: who may write above could have moved a folder of root's to this name. Another
    // host of the machine has made it as it should be.
    const make = lines(
      sh`umask 022`,
      enterOrMake(above),
      sh`if [ -e ${here} ] || [ -L ${here} ]; then
  case "$(stat -c '%F|%U %u' -- ${here}) " in 'directory|'${owner}' '* | 'directory|'*' '${owner}' ') ;; *)
    echo ${`${at} has come there meanwhile, and is of somebody else`} >&2
    exit 1 ;;
  esac
else mkdir -m ${wholeMode(mode)} -- ${here}; fi`,
      // Not flushed: one that a power cut takes away is empty, and made again by the next run; what is written into it and flushed
      // takes it along (ext4, XFS and btrfs flush a new file with the folders that are as new).
      owner === 'root' && group === 'root' ? sh`if ! { ${isRoots(here)}; }; then ${give}; fi` : give,
    )
    return [{ say: `make directory ${path}`, run: make.text }]
  }
}
