/** The texts the long-lived shell is fed. Pure; run under dash, bash and busybox ash. */
import { q } from '../core/script.ts'

/** What a script finds on its standard input: nothing, some bytes without NUL, or a stream of known length. */
export interface Input {
  readonly inline?: Buffer
  readonly stream?: { readonly chunks: AsyncIterable<Buffer>; readonly bytes: number }
}

const { raw } = String

/** Said once, first: the way to set a mark, and surroundings that do not depend on the login (locale, umask, folder). */
export const preamble = (nonce: string): string => raw`
plinth_mark() { printf '\n${nonce} %s\n' "$*"; printf '\n${nonce} %s\n' "$*" >&2; }
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
unset CDPATH
umask 022
cd /
`

/**
 * One compound command, so that the shell has read all of it before it starts, and a connection that is lost half-way
 * starts nothing. `body` must be lines of shell whose last exit code is the one to report.
 */
export const framed = (id: number, body: string): string => `{ plinth_mark begin ${id}
${body}
plinth_mark end ${id} $?
}
`

/** A script in a subshell: `exit`, `set` and syntax errors stay in there, the shell's own input and the lock stay out. */
const enclosed = (script: string): string => `set -eu; eval ${q(bytesOf(script))}`

/** One character per byte, so that text and bytes can stand in one command. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1')

/**
 * A script with its standard input, as shell text of one character per byte.
 *
 * A stream is read from the shell's own input by a reader of so many bytes, and drained by `cat` when the script did not want all of it, so
 * that never a byte of it is taken for script. The client starts it with the script's process id and ends it with "go"
 * once all was sent. Whatever else happens, above all a connection that is lost, the script is killed before it sees the
 * end of its input, and the shell with it: a cut file is never taken for a whole one.
 */
export function scriptWith(id: number, script: string, { inline, stream }: Input): string {
  const body = enclosed(script)
  if (stream) {
    return `{ ( trap '' PIPE
  IFS= read -r p && echo && ${exactly(stream.bytes)} && plinth_mark got ${id} >&3 && IFS= read -r a && [ "$a" = go ] ||
  kill -9 $p $$ ) 9>&- |
( ( read -r p a </proc/self/stat && plinth_mark ready ${id} "$p" && IFS= read -r a || exit 1; ${body} )
  s=$?; cat >/dev/null; exit $s ) 3>&- 9>&-; } 3>&1`
  }
  if (inline) return `( printf %s ${q(inline.toString('latin1'))} ) 9>&- | ( ${body} ) 9>&-`
  return `( ${body} ) </dev/null 9>&-`
}

/** Copies so many bytes; `head` alone would do, but coreutils' takes 8 KiB at a time and busybox's a byte. */
function exactly(bytes: number): string {
  const blocks = Math.floor(bytes / blockBytes)
  if (blocks === 0) return `head -c ${bytes}`
  return `if dd iflag=fullblock count=0 </dev/null 2>/dev/null
  then dd iflag=fullblock bs=${blockBytes} count=${blocks} 2>/dev/null && head -c ${bytes % blockBytes}
  else head -c ${bytes}; fi`
}

const blockBytes = 131072

/**
 * Takes the machine's lock in the shell itself: exit code 0, 75 held (its file is printed), 127 no flock, else no file.
 * Root uses /run, which nobody else can write; another user has a file of their own.
 */
export const lockScript = (holder: string, file?: string): string => raw`l=${q(file ?? '/run/plinth.lock')}
${file === undefined ? ownFile : ':'}
if ( : >>"$l" ); then
  exec 9>>"$l"
  flock -n 9
  case $? in
  0) set -- $SSH_CONNECTION here
    printf '%s, from %s, since %s\n' ${q(bytesOf(holder))} "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$l" ;;
  1) exec 9>&-; cat "$l"; (exit 75) ;;
  *) exec 9>&-; (exit 127) ;;
  esac
else (exit 73); fi`

const ownFile = raw`if [ "$(id -u)" != 0 ]; then
  if [ -w /run/lock ]; then l=/run/lock; else l=/tmp; fi
  l=$l/plinth-$(id -u).lock
fi`
