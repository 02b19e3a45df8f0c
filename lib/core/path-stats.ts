/** What is at a path: the shell behind the reader `stat`. */
import { unreadable } from './file-contents.ts'
import { Script, sh } from './script.ts'

const statsSoFar = new Script('${plinth_stats-}')
const behindArrow = new Script(`\${l#"'$f' -> '"}`)
const withoutQuote = new Script("${l%\\'}")
const statsOfAll = new Script('${plinth_stats#?}')

/** What a tool says of what is not there, with LC_ALL=C. Nor is what is behind a link that leads in a circle, which can be mended. */
export const notThere = new Script(
  "*': No such file or directory' | *': Not a directory' | *': Too many levels of symbolic links'",
)

/**
 * Prints what is at paths, lines of `PATH<tab>TYPE|MODE|OWNER|GROUP|BYTES|SECONDS`, each with one behind it that is no answer, for it has
 * no tab: the name again, and where it is a link, what that says, in quotes. All of them are in `plinth_stats` then.
 */
export const pathStats = (paths: readonly string[]): Script =>
  sh`s=0
all=$(LC_ALL=C stat -c '%n	%F|%a|%U|%G|%s|%Z
%N' -- ${paths} 2>&1) || s=$?
plinth_stats='
'
if [ "$s" = 0 ]; then plinth_stats="$plinth_stats$all
"
elif [ "$s" -gt 1 ]; then printf '%s\n' "$all" >&2; exit 1
else
  IFS='
'
  set -f
  for l in $all; do case $l in
    *'	'*'|'*'|'*[0-9] | [\'\"/]*) plinth_stats="$plinth_stats$l
" ;;
    ${notThere}) ;;
    *) printf '%s\n' "$l" >&2; exit 1 ;;
  esac; done
  unset IFS
  set +f
fi
printf %s "${statsOfAll}"`

/**
 * Prints where links point, lines of `PATH<tab>TARGET`: by what `stat` has told in the same script, or else by a process for each.
 * How stat quotes what is not plain has changed over time, so only what stands between quotes as it is is taken from there.
 */
export const linkTargets = (paths: readonly string[]): Script =>
  sh`for f in ${paths}; do if [ -L "$f" ]; then
  t=
  IFS='
'
  set -f
  for l in ${statsSoFar}; do case $l in "'$f' -> '"*)
    l=${behindArrow}
    case $l in *[\\\']*\') ;; *\') t=${withoutQuote} ;; esac
    break ;;
  esac; done
  unset IFS
  set +f
  if [ -z "$t" ]; then t=$(readlink -- "$f") || ${unreadable}; fi
  printf '%s\t%s\n' "$f" "$t"
fi; done`
