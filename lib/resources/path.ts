/** What every kind that lives at a path shares: how its state is read, and the script that replaces a file atomically. */
import { posix } from 'node:path'
import type { Problem } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Step } from '../core/resource.ts'
import { groupId, inputBytes, lines, Script, sh, userId } from '../core/script.ts'
import { enter, enterAndHold, entered } from '../core/way.ts'
import { refusal, stat } from '../readers.ts'

/** Owner, group and mode as they should be. What is left out: see the kind. */
export interface Ownership {
  readonly owner?: string
  readonly group?: string
  /** Four octal digits: `0644`. */
  readonly mode?: string
}

export interface PathState {
  readonly [key: string]: string
  readonly type: string
  readonly mode: string
  readonly owner: string
  readonly group: string
}

/** Beside its state what of a path changes by itself. A number that the answer does not have is NaN. */
export interface PathStat {
  /** `file`, `directory`, `link` or `special file`. */
  readonly type: string
  /** Four octal digits: `0644`. */
  readonly mode: string
  readonly owner: string
  readonly group: string
  /** Its size. */
  readonly bytes: number
  /** When it was last changed in any way, its content, owner or mode: seconds since 1970. */
  readonly changed: number
}

const types: Readonly<Record<string, string>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
}

/** The question that `readPath` and `readStat` read their answer from. */
export const pathQuestion = (path: string): Question => ({ reader: stat, key: path })

/** By folder: many things are in one, on each host. */
const ways = new Map<string, Question>()

/** The question that `barredWay` reads its answer from. */
export function wayQuestion(path: string): Question {
  const key = folderOf(path)
  const before = ways.get(key)
  if (before) return before
  const question = { reader: refusal, key }
  ways.set(key, question)
  return question
}

/** A spelling that is none of a normalised path from the root on. */
const unusual = /^[^/]|\/\.{0,2}(?:\/|$)/

const folderOf = (path: string): string =>
  unusual.test(path) ? posix.dirname(posix.resolve('/', path)) : path.slice(0, path.lastIndexOf('/')) || '/'

/** With a slash behind it: the path of an id, however it is written; empty for what has none. */
function wayOf(id: string): string {
  const path = id.slice(id.indexOf(':') + 1)
  return path.startsWith('/') ? `${posix.resolve(path)}/` : ''
}

/**
 * What is against doing anything at a path: a link on the way that root must not follow. Nothing where something on the way is
 * about to change: whoever enters it then looks again.
 */
export function barredWay(path: string, answers: Answers, pending: ReadonlySet<string>): readonly Problem[] {
  const question = wayQuestion(path)
  const why = answers(question)
  if (why === '') return []
  const way = `${question.key}/`
  if ([...pending].map(wayOf).some((above) => above !== '' && way.startsWith(above))) return []
  const remedy = 'declare the path that is meant, or have root make that link'
  return [{ where: path, what: `${question.key} ${why}`, remedy }]
}

/**
 * Everything that is known of a path, a link itself and not what it leads to; null when nothing is there. The one place that
 * takes an answer to `pathQuestion` apart.
 */
export function readStat(answers: Answers, path: string): PathStat | null {
  const answer = answers(pathQuestion(path))
  if (answer === '') return null
  const [type = '', mode = '', owner = '', group = '', bytes, changed] = answer.split('|')
  return {
    type: types[type] ?? 'special file',
    mode: mode.padStart(4, '0'),
    owner,
    group,
    bytes: Number(bytes || Number.NaN),
    changed: Number(changed || Number.NaN),
  }
}

/** Type, mode (`0644`), owner and group of a path, the state of most kinds; null when nothing is there. */
export function readPath(answers: Answers, path: string): PathState | null {
  const found = readStat(answers, path)
  return found && { type: found.type, mode: found.mode, owner: found.owner, group: found.group }
}

/** A mode for chmod and mkdir. With fewer than five digits GNU's leave a directory's setuid and setgid bits as they are. */
export const wholeMode = (mode: string): string => mode.padStart(5, '0')

/** The file that is open, whatever its name leads to by now. */
const opened = '/proc/self/fd/8'

/** What a path is called in the folder that it is in, once that was entered. */
export const hereOf = (path: string): string => `./${posix.basename(path)}`

/**
 * Gives a path the owner, group and mode that are declared, and leaves the rest. chown first: it takes setuid bits away.
 * For root the path is held open: a service owns its folders, and would else have another file changed by a link in its place.
 * @param found whose it was when it was read. With it nothing is changed that belongs to anybody else by now, but to whom it should:
 *   who may write in the folder could have moved another file of root's to this name
 */
export function ownershipStep(at: string, { owner, group, mode }: Ownership, found?: string): Step {
  const path = posix.resolve('/', at)
  const here = hereOf(path)
  // Both, always: busybox takes what is not told from the link that /proc has for the open file.
  const who = sh`${owner ?? new Script('"$(stat -L -c %u -- "$t")"')}:${group ?? new Script('"$(stat -L -c %g -- "$t")"')}`
  // By name, as it is found, or by number, as it may be declared.
  const whose = owner === undefined ? [] : [sh`"$i "${owner}' '*`, sh`"$i "*' '${owner}' '`]
  const same = found === undefined ? [sh`"$i "*`] : [sh`"$i "${found}' '*`, ...whose]
  return {
    say: `set owner and mode of ${at}`,
    run: lines(
      enter(posix.dirname(path)),
      sh`t=${here}
if [ ${userId} = 0 ]; then
  exec 8<${here}
  t=${opened}
  i=$(stat -c %d:%i -- ${here})
  case "$(stat -L -c '%d:%i %U %u' -- "$t") " in ${new Script(same.join(' | '))}) ;; *)
    echo ${`${path} is a link, or was replaced at this moment`} >&2
    exit 1 ;;
  esac
fi`,
      ...(owner === undefined && group === undefined ? [] : [sh`chown ${who} -- "$t"`]),
      ...(mode === undefined ? [] : [sh`chmod ${wholeMode(mode)} -- "$t"`]),
    ).text,
  }
}

/** Only where the kernel enforces or logs it: elsewhere labels mean nothing. */
const selinux = '/sys/fs/selinux/enforce'

/** Whether what was just made is root's and of root's group as it is: of most things it is, and `chown` would be a process for nothing. */
export const isRoots = (name: string): Script =>
  sh`[ ${userId} = 0 ] && [ ${groupId} = 0 ] && [ -O ${name} ] && [ -G ${name} ]`

/** How a file with this mode is made by the umask alone, and shown then; undefined for modes with which the shell makes none. */
function madeWith(mode: string): { readonly umask: string; readonly letters: readonly string[] } | undefined {
  if (!/^0?[0-7]{3}$/.test(mode)) return undefined
  const bits = Number.parseInt(mode, 8)
  if ((bits & ~0o666) !== 0) return undefined
  const rights = (of: number): string => `${of & 4 ? 'r' : '-'}${of & 2 ? 'w' : '-'}-`
  const letters = [rights(bits >> 6), rights(bits >> 3), rights(bits)]
  return { umask: (0o666 & ~bits).toString(8).padStart(4, '0'), letters }
}

/** The access ACL of a file that has none but its mode, as `getfacl` prints it; `?` is any letter. */
const plainAcl = ([user, group, other]: readonly string[]): Script =>
  new Script(`user::${user}"\n"group::${group}"\n"other::${other}`)
const anyPlainAcl = plainAcl(['???', '???', '???'])

/** Of what `ls` has printed. */
const lastLine = new Script('${l##*"\n"}')

/**
 * Writes standard input to a path so that the old file or the whole new one is there, whatever happens: a temporary file
 * beside it, flushed to disk, renamed, and the folder flushed. It has its final owner, group, mode and ACL before the
 * first byte arrives, so that nobody can read it who may not read the file itself.
 *
 * It is made in a folder of its own that only root may enter, and got at from inside and by the open descriptor: a service
 * owns its folders, and could else put a link to any other file at a name, or take hold of the file before it is closed to
 * others (a default ACL counts for more than a umask). From there its place is the folder above, which was entered before.
 *
 * A file that is replaced passes on what is not declared (owner, group, mode), its ACL and its SELinux label; a declared
 * mode sets the ACL's mask, as chmod does. A new file is root's with 0644 unless declared, and gets the label that the
 * policy has for its path. A link at the path is replaced, wherever it leads, and is not followed; a directory is an error.
 *
 * What fails (no room, no right, a read-only disk, input of which a part never came) leaves the old file and no temporary one; the message is that of the
 * command. A run that was killed may leave that folder, whose name starts with `.plinth.`: the next write beside it
 * sweeps it.
 */
export const replaceFile = (at: string, ownership: Ownership): Script => {
  // Where the shell of a machine is.
  const path = posix.resolve('/', at)
  const folder = posix.dirname(path)
  const here = hereOf(path)
  const above = `.${here}`
  const there = `${entered}/${posix.basename(path)}`
  const { owner, group, mode } = ownership
  const kept = [
    ...(owner === undefined ? ['o=$1'] : []),
    ...(group === undefined ? ['g=$2'] : []),
    ...(mode === undefined ? ['m=$3'] : []),
  ]
  const made = mode === undefined ? undefined : madeWith(mode)
  const asAcl = made ? sh`case $n in ${plainAcl(made.letters)}) m= ;; esac` : new Script(':')
  const asLetters = made ? sh`case ${lastLine} in ${`-${made.letters.join('')}`}[' .']*) m= ;; esac` : new Script(':')
  return sh`umask 077
${enterAndHold(folder)}
if [ -d ${here} ] && [ ! -L ${here} ]; then echo ${`${path} is a directory, not a file`} >&2; exit 1; fi
for t in ./.plinth.*; do if [ -e "$t" ] || [ -L "$t" ]; then rm -rf -- "$t"; fi; done
o=${owner ?? 'root'} g=${group ?? 'root'} m=${mode ?? '0644'} acl= old=
if [ -f ${here} ] && [ ! -L ${here} ]; then
  old=yes
  ${kept.length === 0 ? ':' : lines(sh`k=$(stat -c '%u %g %a' -- ${here})`, '  set -- $k', `  ${kept.join(' ')}`)}
fi
t=./.plinth.$$
mkdir -m 0700 -- "$t"
trap 'cd -P ${entered}; rm -rf -- "$t"' EXIT
cd -P -- "$t"
if [ ! .. -ef ${entered} ] || [ ! -O . ]; then echo ${`${folder} changed while a file was to be written there`} >&2; exit 1; fi
umask ${made?.umask ?? '0077'}
set -C
exec 8>new
set +C
umask 077
if [ "$old" ]; then
  # What tells of the one that is there tells of the new one too: with nothing of the folder's it has its mode already.
  if command -v getfacl >/dev/null && command -v setfacl >/dev/null; then
    acl=$(getfacl -acp -- ${there} new)
    n=${new Script('${acl##*"\n\n"}')}
    acl=${new Script('${acl%%"\n\n"*}')}
    case $acl:$n in ${anyPlainAcl}:${anyPlainAcl})
      acl=
      ${asAcl} ;;
    esac
  else
    # Without it its users would lose the file, and its mask would become the rights of its group.
    l=$(LC_ALL=C ls -ld -- ${there} new) || :
    case $l in ??????????+*)
      echo ${`${path} has an access control list, and there is no getfacl and setfacl to keep it: install the package acl`} >&2
      exit 1 ;;
    esac
    ${asLetters}
  fi
fi
case $o:$g in root:root | root:0 | 0:root | 0:0)
  if ${isRoots('new')}; then o=; fi ;;
esac
if [ "$o" ]; then chown "$o:$g" ${opened}; fi
if [ "$acl" ]; then printf '%s\n' "$acl" | setfacl --set-file=- -- ${opened}; fi
if [ "$m" ]; then chmod "$m" ${opened}; fi
if [ "$old" ] && [ -e ${selinux} ]; then chcon --reference=${above} -- ${opened}; fi
# Whoever feeds it may have been killed, and then this is no end. What dd has counted needs no process to be known.
s=$(dd bs=65536 conv=fsync 2>&1 >&8) || { printf '%s\n' "${new Script('${s%%')}
[0-9]*}" >&2; exit 1; }
case $s in *"
"${inputBytes}' byte'*) ;; *)
  if [ ${inputBytes} ] && [ ${inputBytes} != "$(stat -L -c %s ${opened})" ]; then
    echo ${`only a part of what should be in ${path} has come: nothing is changed there`} >&2
    exit 1
  fi ;;
esac
exec 8>&-
# A link to a directory must not be entered, and busybox's mv stumbles over one that leads in a circle.
if [ -L ${above} ] && [ ! -f ${above} ]; then rm -f -- ${above}; fi
mv -fT -- new ${above}
cd -P ${entered}
if [ ! "$old" ] && [ -e ${selinux} ] && command -v restorecon >/dev/null; then restorecon -- ${here}; fi
rmdir -- "$t"
trap - EXIT
sync .
cd /`
}

const roots: readonly string[] = ['user:root', 'group:root']

/** The ids of the accounts that must be there before a path can be theirs. */
export const ownersOf = ({ owner = 'root', group = 'root' }: Ownership): readonly string[] =>
  owner === 'root' && group === 'root' ? roots : [`user:${owner}`, `group:${group}`]
