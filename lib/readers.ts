/**
 * The vocabulary of questions. A reader answers for all its keys in one go; a key with nothing behind it gets no line.
 * What could not be read is not "not there", which would be made anew over what is there: the script fails then.
 * Plain POSIX sh, coreutils and systemd: every one of them also runs under busybox.
 */
import { groupNumbers, userStates } from './core/accounts.ts'
import { contents, contentsOfOthers, unreadable } from './core/file-contents.ts'
import { ended } from './core/lock.ts'
import { notThere, pathStats } from './core/path-stats.ts'
import type { Reader } from './core/probe.ts'
import { stateFolder } from './core/receipt.ts'
import { Script, sh, userId } from './core/script.ts'
import { unitStates } from './core/unit-states.ts'
import { refusals } from './core/way.ts'

// Shell expansions in braces, which a template literal would take for its own.
const portOfLocal = new Script('${local##*:}')
const beforeMount = new Script('${l%% /*}')
const parentOfPath = new Script('${d%/*}')
// Without root, and for sockets of the kernel, ss names nobody.
const who = new Script('${who:-somebody}')
const nameOfLine = new Script('${k%:}')
// A line of sha256sum. A name with a backslash comes escaped from coreutils, behind one more backslash; not from busybox.
const nameAndSum = new Script(String.raw`sum=${'${l%% *}'} name=${'${l#*  }'}
    case $sum in \\*) sum=${'${sum#?}'} name=$(printf %b "$name") ;; esac`)
const dpkgFormat = new Script("'${Package}\t${db:Status-Status}\\n'")

/** Runs a command; what it says of things that are `silent` is passed over, and whatever else it says is a failure. */
const only = (command: Script, silent: Script): Script =>
  sh`s=0
{ e=$(${command} 2>&1 >&3) || s=$?; } 3>&1
if [ "$s" != 0 ]; then
  if [ "$s" -gt 1 ]; then printf '%s\n' "$e" >&2; exit 1; fi
  IFS='
'
  set -f
  for l in $e; do case $l in ${silent}) ;; *) printf '%s\n' "$l" >&2; exit 1 ;; esac; done
  unset IFS
  set +f
fi`

/**
 * `type|mode|owner|group|bytes|seconds` of a path itself, links not followed; the last when it was last changed in any way,
 * since 1970. Columns may come at its end: it is read with `readPath` and `readStat`, and nowhere else taken apart by hand. What it has
 * told is known to `differing` behind it.
 */
export const stat: Reader = (paths) => pathStats(paths).text

/**
 * SHA-256 of a file's content. Only of files: a pipe would be waited for without end. One that goes meanwhile is not there. What it
 * has told is known to `differing` behind it.
 */
export const hash: Reader = (paths) =>
  sh`set --
plinth_sums='
'
for f in ${paths}; do if [ -f "$f" ]; then set -- "$@" "$f"; fi; done
IFS='
'
set -f
if [ $# -gt 0 ]; then
  s=0
  sums=$(LC_ALL=C sha256sum -- "$@" 2>&1) || s=$?
  if [ "$s" -gt 1 ]; then printf '%s\n' "$sums" >&2; exit 1; fi
  for l in $sums; do
    # Both write whole lines, and no sum begins as a message does.
    case $l in
      [!\\0-9a-f]*)
        case $l in ${notThere}) s=0 ;; *) printf '%s\n' "$l" >&2; exit 1 ;; esac
        continue ;;
    esac
    ${nameAndSum}
    plinth_sums="$plinth_sums$name	$sum
"
  done
  if [ "$s" != 0 ]; then echo "sha256sum failed, and does not say why" >&2; exit 1; fi
  printf %s "${new Script('${plinth_sums#?}')}"
fi
unset IFS
set +f`.text

/**
 * A file's whole content in base64, for files that are read to be edited. A link is not followed: a service may put one to a
 * file of root's, whose lines would be shown as what changes.
 */
export const content: Reader = (paths) => contents(paths).text

/**
 * The content of a small file in base64, to be looked at, by a key of the SHA-256 that it should have, a blank and its path. Asked behind
 * `stat` and `hash` of that path, in the same script: nothing where these have found no small file, or that SHA-256. So that of most
 * files it costs nothing to ask. A link is not followed, as by `content`.
 */
export const differing: Reader = (keys) => contentsOfOthers(keys).text

/** Every file that a path is or holds, a line each. Of links only one is followed that the path itself is: whoever asks for a file learns that it is there. */
export const files: Reader = (paths) =>
  sh`for p in ${paths}; do
  all=$(${only(sh`LC_ALL=C find -H "$p" -type f`, notThere)}) || exit 1
  if [ "$all" ]; then printf '%s\n' "$all" | while IFS= read -r f; do printf '%s\t%s\n' "$p" "$f"; done; fi
done`.text

/** Where a symbolic link points. */
export const link: Reader = (paths) =>
  sh`for f in ${paths}; do if [ -L "$f" ]; then
  l=$(readlink -- "$f") || ${unreadable}
  printf '%s\t%s\n' "$f" "$l"
fi; done`.text

/** What a path really is where that is another one, for it leads through a link; `?` where nothing tells. */
export const realPath: Reader = (paths) =>
  sh`for f in ${paths}; do if [ -e "$f" ]; then
  l=$(readlink -f -- "$f") || l=
  if [ "$l" != "$f" ]; then printf '%s\t%s\n' "$f" "${new Script('${l:-?}')}"; fi
fi; done`.text

/** Why root would not enter a folder: it is reached by a link that it must not follow. */
export const refusal: Reader = (folders) => refusals(folders).text

/** The names in a directory, a line each; of more than a thousand the first ones. Links to directories have none. */
export const entries: Reader = (paths) =>
  sh`for f in ${paths}; do if [ -d "$f" ] && [ ! -L "$f" ]; then
  if [ ! -r "$f" ] || [ ! -x "$f" ]; then ${unreadable}; fi
  (cd -- "$f" && find . ! -name . -prune) | head -n 1000 | while IFS= read -r l; do
    printf '%s\t%s\n' "$f" "${new Script('${l#./}')}"
  done
fi; done`.text

/** `home|shell|group` of a user. */
export const user: Reader = (names) => userStates(names).text

/** The number of a group. */
export const group: Reader = (names) => groupNumbers(names).text

const packageOfLine = new Script('${l#Package: }')
const stateOfLine = new Script('${l##* }')

/**
 * `installed` for a package that is, whatever its version. A host of rpm may have dpkg's tools too: apt-get decides, as in `facts`.
 * dpkg-query reads and sorts all that dpkg knows before it tells of one package, up to 30 ms. So dpkg's list is looked into, in which
 * the state of a package stands in one of the lines behind its name; unless changes to that list wait beside it, or it is written otherwise.
 */
export const installed: Reader = (names) =>
  sh`if command -v dpkg-query >/dev/null && { command -v apt-get || ! command -v rpm; } >/dev/null; then
  p= states= known=
  set -- /var/lib/dpkg/updates/*
  if [ ! -e "$1" ]; then
    # busybox says 1 of an option that it has not, too.
    all=$(LC_ALL=C grep -xF -A 3 ${names.flatMap((name) => ['-e', `Package: ${name}`])} /var/lib/dpkg/status 2>&1) &&
      known=yes || { [ $? = 1 ] && known=yes; } || :
    IFS='
'
    set -f
    for l in $all; do case $l in
      Package:*)
        if [ "$p" ]; then known=; fi
        p=${packageOfLine} ;;
      Status:*)
        if [ "$p" ]; then states="$states$p	${stateOfLine}
"; fi
        p= ;;
    esac; done
    unset IFS
    set +f
    if [ "$p" ] || { [ "$all" ] && [ -z "$states" ]; }; then known=; fi
  fi
  if [ "$known" ]; then printf %s "$states"
  else
  ${only(sh`LC_ALL=C dpkg-query -W -f=${dpkgFormat} -- ${names}`, new Script("*'no packages found matching'*"))}
  fi
elif command -v rpm >/dev/null; then
  { e=$({ LC_ALL=C rpm -q --qf '%{NAME}	installed\n' ${names} | grep '	'; } 2>&1 >&3) || :; } 3>&1
  case $e in error:* | *'
error:'*) printf '%s\n' "$e" >&2; exit 1 ;; esac
fi`.text

/**
 * A unit's properties, a line each, with times in UTC. Of a process that runs also `Now`, the seconds since 1970 and since the boot
 * (where one of the notes below is there), and `PLINTH_INPUTS`, the digest of the inputs that it was started with (from its own
 * environment, which only root may read; of a unit that reads a file of `/etc/plinth` there).
 * `Stale` is the note that its inputs were touched since its start, in one line; `Started` is the InvocationID of the
 * last start that was ours, `Inputs` that of the last that we made, whatever its inputs were, and the digest of these. Where that
 * one runs, its environment has the same digest, and is not read.
 */
export const unit: Reader = (names) => unitStates(names).text

/** What `java -version` says of itself, for a JAVA_HOME: `1.8.0_432`, `17.0.15`. */
export const javaVersion: Reader = (homes) =>
  sh`for h in ${homes}; do if [ -x "$h/bin/java" ]; then
  printf '%s\t%s\n' "$h" "$("$h/bin/java" -version 2>&1 </dev/null | sed -n 's/.*version "\([^"]*\)".*/\1/p')"
fi; done`.text

/** Who listens on a TCP port: the line of `ss` with program and pid, or `somebody` where nothing tells who. */
export const listening: Reader = (ports) =>
  sh`if command -v ss >/dev/null && all=$(ss -Hltnp 2>/dev/null); then
  printf '%s\n' "$all" | while read -r state rq sq local peer who; do
    for p in ${ports}; do if [ "$p" = "${portOfLocal}" ]; then printf '%s\t%s\n' "$p" "${who}"; fi; done
  done
else
  for p in ${ports}; do
    if grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$p") [0-9A-F:]* 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null
    then printf '%s\t%s\n' "$p" somebody; fi
  done
fi`.text

/** KiB of a name in /proc/meminfo: `MemTotal`, `MemAvailable`. */
export const memory: Reader = (names) =>
  sh`while read -r k v u; do
  for n in ${names}; do if [ "${nameOfLine}" = "$n" ]; then printf '%s\t%s\n' "$n" "$v"; fi; done
done </proc/meminfo`.text

/** KiB free where a path is, or where its nearest existing parent is. */
export const freeSpace: Reader = (paths) =>
  sh`for f in ${paths}; do
  d=$f
  while [ ! -e "$d" ] && [ -n "$d" ]; do d=${new Script('"')}${parentOfPath}${new Script('"')}; done
  # The name of a share may have blanks: what is free stands before the last column in front of where it is mounted.
  l=$(df -Pk -- "${new Script('${d:-/}')}" | { read -r head && read -r l || exit 1; set -f; set -- ${beforeMount}; shift $(($# - 2)); echo "$1"; }) || exit 1
  printf '%s\t%s\n' "$f" "$l"
done`.text

/**
 * A release folder: what its marker says of the archive it came from, and a digest of the tree as it is now
 * (names, sizes, modes, owners and times of all files: an edit, a loss and a half-made copy all show; of folders nothing).
 * Of a folder without a marker also what is in it, but for folders, as lines `holds NAME`: up to one more than ten thousand. Whoever owns
 * the folder may have put anything in the marker's place: only a file is one, and no more of it is read than one of ours has.
 */
export const release: Reader = (folders) =>
  sh`for f in ${folders}; do if [ -d "$f" ]; then
  l=
  if [ -f "$f/.plinth" ] && [ ! -L "$f/.plinth" ]; then l=$(head -c 4096 -- "$f/.plinth") || ${unreadable}; fi
  set -f
  set -- $l
  set +f
  printf '%s\tmarker %s\n' "$f" "$*"
  l=$(cd -- "$f" && ${releaseTree}) || ${unreadable}
  printf '%s\ttree %s\n' "$f" "$l"
  if [ $# = 0 ]; then
    (cd -- "$f" && find . -path ./.plinth -prune -o ! -type d -print) | head -n 10001 | while IFS= read -r l; do
      printf '%s\tholds %s\n' "$f" "${new Script('${l#./}')}"
    done
  fi
fi; done`.text

/** The command behind the tree digest, run inside the folder: also used to write the marker. */
export const releaseTree = new Script(
  `all=$(find . ! -type d ! -name .plinth -exec stat -c '%n %F %a %U:%G %Y %s' {} +) &&
{ if [ "$all" ]; then printf '%s\\n' "$all"; fi; } | LC_ALL=C sort | sha256sum | cut -d' ' -f1`,
)

/** The first line of a small file, where it may be read. */
export const firstLine: Reader = (paths) =>
  sh`for f in ${paths}; do
  l=
  if [ -f "$f" ] && { IFS= read -r l <"$f" || [ "$l" ]; }; then printf '%s\t%s\n' "$f" "$l"; fi
done 2>/dev/null`.text

/** The last 64 KiB of a text file, its lines as they are. */
export const tail: Reader = (paths) =>
  sh`for f in ${paths}; do if [ -f "$f" ]; then
  tail -c 65536 -- "$f" | tr -d '\000' | while IFS= read -r l || [ -n "$l" ]; do printf '%s\t%s\n' "$f" "$l"; done
fi; done`.text

/** What sites declared there earlier, as lines `site<tab>` and what its receipt says; asked under the one key `machine`. */
export const receipts: Reader = (keys) =>
  sh`${stateFolder}
for k in ${keys}; do for f in "$state"/receipts/*; do if [ -f "$f" ]; then
  while IFS= read -r l; do printf '%s\t%s\t%s\n' "$k" "${new Script('${f##*/}')}" "$l"; done <"$f" || exit 1
fi; done; done`.text

// Where Red Hat, Debian and Ubuntu have it.
const sharedLibraries = new Script(
  ['/usr/lib', '/usr/lib64', '/usr/lib/*'].map((folder) => `${folder}/systemd/libsystemd-shared-*.so`).join(' '),
)

/** Everything in `Facts`, as lines `name value`; asked under the one key `machine`. */
export const facts: Reader = (keys) =>
  sh`for k in ${keys}; do
  # Linux tells it without a process since 6.1. A login's programs may be told of another machine: as uname is.
  v= w=
  { read -r w </proc/self/personality && [ "$w" = 00000000 ] && read -r v </proc/sys/kernel/arch; } 2>/dev/null || v=$(uname -m)
  printf '%s\tarch %s\n' "$k" "$v"
  if [ -r /etc/os-release ]; then while IFS= read -r l || [ "$l" ]; do case $l in
    ID=*) printf '%s\tos %s\n' "$k" "${new Script('${l#ID=}')}" ;;
    VERSION_ID=*) printf '%s\tos-version %s\n' "$k" "${new Script('${l#VERSION_ID=}')}" ;;
  esac; done </etc/os-release; fi
  if command -v apt-get >/dev/null; then printf '%s\tpackages apt\n' "$k"
  elif command -v dnf >/dev/null; then printf '%s\tpackages dnf\n' "$k"; fi
  while read -r n v u; do if [ "$n" = MemTotal: ]; then printf '%s\tmemory %s\n' "$k" "$v"; break; fi; done </proc/meminfo
  # What runs has its version in the name of the one library that its programs share; else systemctl is asked for it.
  v= w=
  if [ -d /run/systemd/system ]; then
    for l in ${sharedLibraries}; do if [ -e "$l" ]; then v=${new Script('${l##*-shared-}')} w="$w|"; fi; done
  fi
  case $w$v in '|'[0-9]*) ;; *)
    v=$(systemctl --version 2>/dev/null) || :
    v=${new Script('${v#* }')} ;;
  esac
  printf '%s\tsystemd %s\n' "$k" "${new Script('${v%%[!0-9]*}')}"
  v= w=
  for l in $(ip -o addr show scope global 2>/dev/null); do
    case $w in inet | inet6) v="$v ${new Script('${l%/*}')}" ;; esac
    w=$l
  done
  printf '%s\taddresses %s\n' "$k" "$v"
done`.text

/**
 * Who had a lock last, by its file, as long as nobody has it, after the second since the host's boot. Asked before all else: who
 * reads what it said and finds the same once the lock is theirs, knows that no other run has changed anything since. Nothing where
 * that can't be known: no run has had it since the boot, one was killed or still has it, or the file is not root's, who alone asks.
 */
export const lastHolder: Reader = (paths) =>
  sh`if [ ${userId} = 0 ]; then for f in ${paths}; do if [ -f "$f" ] && [ -O "$f" ]; then
  l=
  IFS= read -r l <"$f" || :
  case $l in ${ended}*) if read -r up rest </proc/uptime; then printf '%s\t%s\n' "$f" "${new Script('${up%%.*}')} $l"; fi ;; esac
fi; done; fi`.text
