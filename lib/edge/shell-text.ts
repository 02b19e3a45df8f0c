/** The texts the long-lived shell is fed. Pure; run under dash, bash and busybox ash. */

import { ended, lockFile } from '../core/lock.ts'
import { q } from '../core/script.ts'

/** What a script finds on its standard input: nothing, some bytes without NUL, or a stream of known length. */
export interface Input {
  readonly inline?: Buffer
  readonly stream?: Stream
}

export interface Stream {
  /** What the script's input would be if the host had nothing of it yet. */
  readonly bytes: number
  /** Shell that prints how many of the first bytes the host has already; those are not sent. */
  readonly have?: string
  /** The bytes from here on. */
  chunks(from: number): AsyncIterable<Buffer>
}

const { raw } = String

/** The commands that reading, locking and writing stand on, by the package that has them on Debian and on Red Hat. */
const needed: Readonly<Record<string, string>> = {
  coreutils:
    'base64 cat chmod chown cut date dd df head id ln mkdir mktemp mv readlink rm rmdir sha256sum sleep sort stat sync tail tr uname',
  findutils: 'find',
  grep: 'grep',
  sed: 'sed',
  'util-linux': 'flock',
}

/** What to do about the commands that a host lacks: the packages that have them, each with its commands. */
export function lackText(missing: readonly string[]): { readonly what: string; readonly remedy: string } {
  const commands = missing.filter((name) => !name.startsWith('/'))
  const packages = Object.keys(needed).filter((name) =>
    needed[name]?.split(' ').some((command) => commands.includes(command)),
  )
  const install = `install ${packages.join(' and ')} (or a busybox with these applets)`
  const mount = 'mount proc on /proc'
  return {
    what: `it lacks ${missing.join(', ')}, without which nothing can be read or changed there`,
    remedy: [...(commands.length > 0 ? [install] : []), ...(commands.length < missing.length ? [mount] : [])].join(
      '; ',
    ),
  }
}

/**
 * Said once, first: surroundings that do not depend on the login (locale, umask, folder, the system's own commands where its
 * files leave none in PATH), who it is (`plinth_uid`, `plinth_gid`), the way to set a mark, and
 * the watch over a script. A host that lacks a command says which (the mark `lacks`) and ends before anything runs.
 *
 * `plinth_watch PID SECONDS ID` waits for words of the client's: `ok` once it has seen the script end, `end` when its
 * deadline has passed, and now and then `look`, which is answered with the mark `gone` where the process around the script is
 * no more: of a host without memory or processes no end is ever heard. Without a word the connection is lost: the script is left to end by itself, for so many seconds
 * more. Then all that it has begun is ended, first politely. What it had systemd start is no child of it and stays,
 * and so does what it has let go of (`setsid`, or `&` in a shell that has ended).
 * `plinth_leave PID SECONDS` does so by the clock, also while the client's bytes are no words. `plinth_next ID` swallows whatever
 * comes before the client's word that no byte of a stream is left. `plinth_busy` is empty while the client has seen the end of
 * what it has begun, and `plinth_left` while nothing had to be ended.
 *
 * `plinth_beat SECONDS` says something now and then for as long as a lock is held: a host that only listens never learns
 * that the other end has lost its power or its network, and would hold the lock for hours.
 */
export const preamble = (nonce: string): string => raw`
plinth_mark() { printf '\n${nonce} %s\n' "$*"; printf '\n${nonce} %s\n' "$*" >&2; }
plinth_code() { return $1; }
plinth_watch() {
  while IFS= read -r plinth_word; do
    case $plinth_word in
    look) plinth_alive $1 || plinth_mark gone $3 ;;
    ok) plinth_busy=; return 0 ;;
    *) plinth_left=yes; plinth_end $1; return 0 ;;
    esac
  done
  plinth_leave $1 $2
}
plinth_next() {
  while IFS= read -r plinth_word; do
    case $plinth_word in
    "${nonce} $1") plinth_busy=; return 0 ;;
    "${nonce} $1 late") plinth_left=yes; return 0 ;;
    esac
  done
  exit 1
}
plinth_leave() (
  while [ $2 -gt 0 ] && plinth_alive $1; do sleep 1; set -- $1 $(($2 - 1)); done
  if plinth_alive $1; then plinth_end $1; fi
)
plinth_sleep() {
  plinth_pid=
  trap '[ -z "$plinth_pid" ] || kill $plinth_pid; exit' TERM
  sleep $1 >/dev/null 2>&1 & plinth_pid=$!
  wait $plinth_pid
}
plinth_beat() { while plinth_sleep $1 && plinth_alive $$; do plinth_mark here 0; done; }
plinth_alive() { { IFS= read -r plinth_stat <"/proc/$1/stat"; } 2>/dev/null && case ${'$'}{plinth_stat##*) } in Z*) false ;; esac; }
plinth_end() (
  a=$1
  for s in TERM KILL; do
    a=$(plinth_tree $a)
    set -- $a
    shift
    [ $# = 0 ] || kill -$s "$@" 2>/dev/null
    for i in 1 2 3; do
      for p in "$@"; do if plinth_alive $p; then sleep 1; break; fi; done
    done
  done
)
plinth_tree() (
  t=" $* " n=
  until [ "$n" = "$t" ]; do
    n=$t
    for f in /proc/[0-9]*/stat; do
      { IFS= read -r l <"$f"; } 2>/dev/null || continue
      p=${'$'}{l%% *}
      set -- ${'$'}{l##*) }
      case $t in *" $p "*) ;; *" $2 "*) t="$t$p " ;; esac
    done
  done
  echo $t
)
command -v cat >/dev/null 2>&1 || PATH=${'$'}{PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
unset CDPATH POSIXLY_CORRECT TAR_OPTIONS GREP_OPTIONS
umask 022
cd /
plinth_lack=
for c in ${Object.values(needed).join(' ')}; do command -v $c >/dev/null 2>&1 || plinth_lack="$plinth_lack $c"; done
[ -r /proc/self/stat ] || plinth_lack="$plinth_lack /proc"
if [ "$plinth_lack" ]; then plinth_mark lacks 0$plinth_lack; exit 1; fi
plinth_uid= plinth_gid=
while read -r k r e s; do case $k in Uid:) plinth_uid=$e ;; Gid:) plinth_gid=$e; break ;; esac; done </proc/self/status
: "${'$'}{plinth_uid:=$(id -u)}" "${'$'}{plinth_gid:=$(id -g)}"
`

/**
 * Lines of shell between two marks, the second with the exit code of the last. One compound command, so that the shell
 * has read all of it before it starts, and a connection that is lost half-way starts nothing.
 */
export const framed = (id: number, body: string): string => `{ plinth_mark begin ${id}
${body}
plinth_mark end ${id} $?
}
`

/**
 * A script in a subshell: `exit`, `set` and syntax errors stay in there, the shell's own input and the lock stay out. One that has
 * input knows by `plinth_bytes` how many bytes of it there are: to see its end does not tell that this is all.
 */
const enclosed = (script: string): string => `set -eu; eval ${q(bytesOf(script))}`

/** One character per byte, so that text and bytes can stand in one command. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1')

/**
 * A script with its standard input, marks around it and a watch over it, as shell text of one character per byte.
 *
 * A stream is read from the shell's own input by a reader of so many bytes, and drained by `cat` when the script did not
 * want all of it, so that never a byte of it is taken for script. The mark `ready` tells the script's process id, that of the process
 * around it, and how many bytes are there already; the client answers with the two ids and the number of blocks and
 * bytes to come, and ends with "go" once all was sent. Whatever else happens, above all a connection that is lost, or a host
 * without a process to spare, the script is killed before it sees the end of its input, and the shell with it: a cut file is
 * never taken for a whole one. Should the reader itself be killed, the script sees an end (see `plinth_bytes`), which without "go"
 * counts as unknown, and what it has left of the stream is swallowed (`plinth_next`).
 *
 * The process around the script keeps the lock (descriptor 9) as the shell does, should that be killed; the script has none
 * of it, so that nothing it leaves running does.
 * @param seconds for which the script may go on after the connection was lost
 * @param first lines that the shell itself runs before it, as `lockScript`; their exit code is told by the mark `first`. Unless it is 0
 *   the script is not run, and ends with that code. For scripts without a stream
 */
export function scriptWith(
  id: number,
  script: string,
  { inline, stream }: Input,
  seconds: number,
  first?: string,
): string {
  const limit = Math.ceil(seconds)
  if (stream) {
    const have =
      stream.have === undefined
        ? 'n=0 s=0'
        : // Apart from what looks at its end: bash forgets `set -e` in a list of && and ||, in subshells too.
          `n=$( ( ${enclosed(stream.have)} ) </dev/null ); s=$?; [ $s = 0 ] || n=failed`
    return `{ plinth_busy=yes; plinth_mark begin ${id}
{ ( trap '' PIPE; a=; trap 'kill -9 $1 $2 $$; \${a:+kill $a}' EXIT; set --
  IFS= read -r l && set -- $l
  ( plinth_leave $2 ${limit} ) >/dev/null 2>&1 3>&- & a=$!
  [ $# = 4 ] && echo && ${copy} && plinth_mark got ${id} >&3 && IFS= read -r l && [ "$l" = go ] || exit
  trap - EXIT; exec >&3; plinth_watch $2 ${limit} ${id}
  kill $a ) 9>&- |
( trap 'plinth_mark gone ${id}' EXIT
( read -r p c t w l </proc/self/stat; ${have}
  plinth_mark ready ${id} $p $w $n && IFS= read -r l || exit 1
  [ $s = 0 ] || exit $s
  plinth_bytes=$((${stream.bytes} - n)); ${enclosed(script)} ) 9>&-
  s=$?; cat >/dev/null; plinth_mark end ${id} $s; trap - EXIT ) 3>&-; } 3>&1
plinth_next ${id}
}
`
  }
  const body = inline
    ? `( printf %s ${q(inline.toString('latin1'))} ) 9>&- | ( plinth_bytes=${inline.length}; ${enclosed(script)} ) 9>&-`
    : `( ${enclosed(script)} ) </dev/null 9>&-`
  const before = first === undefined ? '' : `${first}\nplinth_first=$?; plinth_mark first ${id} $plinth_first\n`
  const guarded =
    first === undefined ? body : `if [ $plinth_first = 0 ]; then ${body}; else plinth_code $plinth_first; fi`
  return `{ plinth_busy=yes; plinth_mark begin ${id}
${before}( ${guarded}
plinth_mark end ${id} $? ) &
plinth_watch $! ${limit} ${id}
wait $!
}
`
}

/** Of what the reader copies in one go. */
export const blockBytes = 131072

/** Copies $3 blocks and $4 bytes; `head` alone would do, but coreutils' takes 8 KiB at a time and busybox's a byte. */
const copy = `{ [ $3 = 0 ] ||
  if dd iflag=fullblock count=0 </dev/null 2>/dev/null; then dd iflag=fullblock bs=${blockBytes} count=$3 2>/dev/null
  else head -c $(($3 * ${blockBytes})); fi; } && head -c $4`

/** What stands behind the words of a holder, before where it comes from. */
export const fromThere = ', from '

/** The exit code of `lockScript` when it has the lock and nobody has had it since. */
export const unchanged = 76

/**
 * Seconds for which what was read holds where no other run has been there: a person may have been. By the host's own clock, which goes on
 * while a controller sleeps or its network stands still.
 */
const freshSeconds = 10

interface LockOptions {
  /** In the place of the user's own. */
  readonly file?: string | undefined
  /** What the reader `lastHolder` told of it: the second, and the word. */
  readonly last?: string | undefined
  readonly beatSeconds?: number
}

const unlessUnchanged = (last: string): string => {
  const [, second, word] = /^(\d+) (.+)$/.exec(last) ?? []
  if (second === undefined || word === undefined) return ':'
  return `if [ "$plinth_last" = ${q(bytesOf(word))} ] && read -r plinth_up rest </proc/uptime &&
        [ $((${'$'}{plinth_up%%.*} - ${second})) -le ${freshSeconds} ]; then plinth_code ${unchanged}; fi`
}

/**
 * Takes the machine's lock in the shell itself: exit code 0, 75 held (its file is printed, and since when), 127 no flock, else no file.
 * Its file is for its owner alone: whoever can open a file to read it can hold its lock. A new one is made so, and so is one in
 * which a run has said that it was the last; of another no shell sees what its mode is. Who has it says so in there at once, and
 * in the end that it was the last, unless it has left something of which nobody saw the end; who is refused gives it a second, or
 * might be told of one that was killed long ago. While it is held that word is the only one that is written, so the file's time is
 * the holder's, and costs them nothing; earlier versions wrote it too.
 * With `last` exit code 76 where the lock is taken, nobody else has had it since and that was a moment ago.
 */
export const lockScript = (
  holder: string,
  { file, last = '', beatSeconds = 20 }: LockOptions = {},
): string => raw`l=${q(file ?? lockFile)}
${file === undefined ? ownFile : ':'}
plinth_file() {
  for p in "${'$'}{l%/*}" "$l"; do
    if [ -L "$p" ] || { [ -e "$p" ] && [ ! -O "$p" ]; }; then echo "$p is a link, or of somebody else" >&2; return 1; fi
  done
  set -C
  if { true >"$l"; } 2>/dev/null; then set +C; return 0; fi
  set +C
  true >>"$l" || return 1
  plinth_last=
  { IFS= read -r plinth_last <"$l" || :; } 2>/dev/null
  case $plinth_last in '${ended}'*) ;; *) chmod 600 "$l" ;; esac
}
umask 077
plinth_file
set -- $?
umask 022
if [ $1 = 0 ]; then
  exec 9>>"$l"
  set -- $SSH_CONNECTION here
  flock -n 9
  case $? in
  0)
    plinth_last=
    IFS= read -r plinth_last <"$l" || :
    if printf '%s${fromThere}%s\n' ${q(bytesOf(holder))} "$1" >"$l"
    then
      plinth_lock=$l plinth_holder=${q(bytesOf(holder))}
      ( plinth_beat ${beatSeconds} ) </dev/null 9>&- &
      trap "kill $!; { [ \"\$plinth_busy\$plinth_left\" ] || printf '${ended}%s\n' \"\$plinth_holder\"; } >/proc/$$/fd/9" EXIT
      ${unlessUnchanged(last)}
    else exec 9>&-; plinth_code 73; fi ;;
  1)
    exec 9>&-; sleep 1
    p=$(cat "$l")
    case $p in '' | *', since '????-??-??T??:??:??Z) ;; *) p="$p, since $(date -u -r "$l" +%Y-%m-%dT%H:%M:%SZ)" ;; esac
    printf '%s\n' "$p"; plinth_code 75 ;;
  *) exec 9>&-; plinth_code 127 ;;
  esac
else plinth_code 73; fi`

/** Lines before a script of who has taken the lock: a file that somebody removed keeps nobody out, and is not ours any more. */
export const stillLocked = raw`[ "$plinth_lock" -ef /proc/$$/fd/9 ] || {
  echo "$plinth_lock was removed while this run held it, so another may be at work; run again" >&2
  exit 1
}
`

/**
 * Root's file is in /run, which nobody else can write. Another user's is in their home, by the list of users and not by the
 * environment, or two runs could miss each other; homes may be shared between machines, so it has this one's name. An account
 * that owns no home has a folder among those of others, which is refused if it is not its own.
 */
const ownFile = raw`if [ "$plinth_uid" != 0 ]; then
  l=$(
    n=$(id -un 2>/dev/null) h=
    case $n in '' | [!A-Za-z_]* | *[!A-Za-z0-9_.-]*) ;; *) eval "h=~$n" ;; esac
    case $h in /*) ;; *) h=${'$'}{HOME:-} ;; esac
    if [ -O "$h" ] && [ -w "$h" ]; then h=$h/.local/state/plinth
    elif [ -w /run/lock ]; then h=/run/lock/plinth-$plinth_uid
    else h=/tmp/plinth-$plinth_uid; fi
    { read -r n </proc/sys/kernel/hostname; } 2>/dev/null || n=$(uname -n)
    echo "$h/$n.lock"
  )
  [ -d "${'$'}{l%/*}" ] || ( umask 077; mkdir -p -- "${'$'}{l%/*}" )
fi`
