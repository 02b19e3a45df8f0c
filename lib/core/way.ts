/** The way to a folder: entered step by step, and no link followed that may lead root astray. Shell text, for root and others. */
import { lines, Script, sh, userId } from './script.ts'

/** The folder that was entered and is held open, whatever its name leads to by now. */
export const entered = '/proc/self/fd/7'

/** What differs between walks. */
interface Turns {
  /** Done to a name first. */
  readonly first?: string
  /** Around the walk through what a link leads to. */
  readonly inside?: (walk: string) => string
  /** The number of who made the link "$2", what it leads to, and a slash: of a folder in which others may exchange it. */
  readonly read: string
  /** There is no way on: "$1" says why. */
  readonly stuck: string
  /** A link must not be followed: "$1" says why. */
  readonly refused: string
}

/**
 * A link can't be held open, and who may write in its folder could put another one there between two looks at it. So it gets
 * another name for a moment, in a folder that nobody else can enter: who made it and where it leads are then said of one link.
 */
const held = `
        rm -rf -- ./.plinth.*
        mkdir -m 0700 -- ./.plinth.$$ || exit 3
        trap 'cd -P ${entered}; rm -rf -- ./.plinth.$$' EXIT
        cd -P -- ./.plinth.$$ && [ .. -ef ${entered} ] && { ln -- "../$2" l || [ ! -L "../$2" ] || exit 3; } &&
          set -- $(stat -c '%u %a' -- . l) &&
          case $1:$2 in 0:*700) echo "$3" && readlink -- l && echo / ;; *) false ;; esac
      `

/**
 * The function `plinth_enter`: goes through the names in "$1", each with a slash behind it. What was entered is seen from inside:
 * it lies in the folder before, by this name. A link is read, and what it leads to entered in the same way.
 */
const walk = ({ first = '', inside = String, read, stuck, refused }: Turns): Script =>
  new Script(`plinth_stuck() { ${stuck}; }
plinth_refused() { ${refused}; }
plinth_enter() {
  while [ "$1" ]; do
    set -- "\${1#*/}" "\${1%%/*}"
    case $2 in '' | .) continue ;; ..) cd -P ..; continue ;; esac
    ${first}{ command exec 7<.; } 2>/dev/null || plinth_stuck "can't be read"
    if [ ! -L "./$2" ]; then
      cd -P -- "./$2" || plinth_stuck "can't be entered"
      if [ ! .. -ef ${entered} ] || [ "\${PWD##*/}" != "$2" ]; then plinth_stuck 'changed while it was entered'; fi
      continue
    fi
    [ $((plinth_links += 1)) -le 40 ] || plinth_stuck "can't be entered: too many links"
    set -- "$1" "$2" $(stat -c '%u %a' -- . "./$2")
    case $4 in *[2367] | *[2367]?) ;; *) if [ "$3" = 0 ] || [ "\${5-}" != 0 ]; then set -- "$1" "$2" "$3"; fi ;; esac
    if [ $# = 3 ]; then plinth_to=$(echo "$3" && readlink -- "./$2" && echo /)
    else plinth_to=$(${read})
    fi || if [ $? = 3 ]; then plinth_stuck "can't be entered: nothing can be made beside its link $2"; else plinth_stuck 'changed while it was entered'; fi
    set -- "$1" "$2" "\${plinth_to%%[!0-9]*}"
    plinth_to=\${plinth_to#*[!0-9]}
    plinth_to=\${plinth_to%?/}
    case $plinth_to in /*) cd / ;; esac
    ${inside('plinth_enter "$plinth_to/"')}
    if [ "$3" != 0 ] && [ "$3" != "$(stat -c %u .)" ]; then
      plinth_refused "is reached by a link of user $3, to a folder of user $(stat -c %u .): $2 leads to $PWD"
    fi
  done
}`)

const says = (end: string): string => `printf '%s\\n' "$plinth_way $1" >&2; ${end}`
const strict: Turns = { read: held, stuck: says('exit 1'), refused: says('exit 1') }

/** As `strict`, and makes what is not there; nothing behind a link, of which nobody knows what should be there. */
const making: Turns = {
  ...strict,
  first: `if [ "$plinth_make" ] && [ ! -e "./$2" ] && [ ! -L "./$2" ]; then mkdir -- "./$2"; fi
    `,
  inside: (enter) => `set -- "$1" "$2" "$3" "$plinth_make"
    plinth_make=
    ${enter}
    plinth_make=$4`,
}

const started = new Script('plinth_enter "${plinth_way#/}/"')

/**
 * Enters a folder step by step, for all that follows to name what is in it by `./`.
 *
 * A service owns its folders, and may put a link to any other in the place of one of them at any moment. So root goes
 * through a link only where nobody but root can have put it, for nobody else can write in its folder; where root made it; or
 * where it leads to a folder of whoever made it, who gains nothing by it.
 * @param folder from the root on, normalised
 */
export const enter = (folder: string): Script =>
  sh`cd /
if [ ${userId} = 0 ]; then
${walk(strict)}
plinth_way=${folder} plinth_links=0
${started}
else cd -P -- ${folder}; fi`

/** As `enter`, and holds the folder open as `entered`. */
export const enterAndHold = (folder: string): Script => lines(enter(folder), 'exec 7<.')

/** As `enter`, and makes the folders that are not there. */
export const enterOrMake = (folder: string): Script =>
  sh`cd /
if [ ${userId} = 0 ]; then
${walk(making)}
plinth_way=${folder} plinth_links=0 plinth_make=yes
${started}
else
  if [ ! -d ${folder} ]; then mkdir -p -- ${folder}; fi
  cd -P -- ${folder}
fi`

/**
 * Of each of these folders that `enter` would refuse as root, a line with a tab and why. Only looks, and so may be deceived at
 * this very moment: whoever enters looks again. Without a process where no link is on the way.
 */
export const refusals = (folders: readonly string[]): Script =>
  sh`if [ ${userId} = 0 ]; then
${walk({
  read: 'stat -c %u -- "./$2" && readlink -- "./$2" && echo /',
  stuck: 'exit 0',
  refused: `printf '%s\\t%s\\n' "$plinth_way" "$(printf %s "$1" | tr '\\n\\t' '??')"; exit 0`,
})}
for plinth_way in ${folders}; do
  plinth_to=$plinth_way
  while [ "$plinth_to" ] && [ ! -L "$plinth_to" ]; do plinth_to=${new Script('${plinth_to%/*}')}; done
  if [ "$plinth_to" ]; then ( cd /; plinth_links=0; ${started} ) 2>/dev/null || :; fi
done
fi`
