/** What is at a path: the shell behind the reader `stat`. */
import { Script, sh } from './script.ts'

const statsOfAll = new Script('${plinth_stats#?}')

/** What a tool says of what is not there, with LC_ALL=C. Nor is what is behind a link that leads in a circle, which can be mended. */
export const notThere = new Script(
  "*': No such file or directory' | *': Not a directory' | *': Too many levels of symbolic links'",
)

/**
 * Prints what is at paths, lines of `PATH<tab>TYPE|MODE|OWNER|GROUP|BYTES|SECONDS`, and leaves them in `plinth_stats`. Never where a link
 * points: its owner may have put line breaks in there, and what looks like answers about other paths behind them.
 */
export const pathStats = (paths: readonly string[]): Script =>
  sh`s=0
all=$(LC_ALL=C stat -c '%n	%F|%a|%U|%G|%s|%Z' -- ${paths} 2>&1) || s=$?
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
    *'	'*'|'*'|'*[0-9]) plinth_stats="$plinth_stats$l
" ;;
    ${notThere}) ;;
    *) printf '%s\n' "$l" >&2; exit 1 ;;
  esac; done
  unset IFS
  set +f
fi
printf %s "${statsOfAll}"`
