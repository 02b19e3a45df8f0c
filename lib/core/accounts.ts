/** What the files of accounts say: the shell behind the readers `user` and `group`. */
import { Script, sh } from './script.ts'

const usersSoFar = new Script('${plinth_users-}')
const beforeSeparator = new Script('${all%%"\n=\n"*}')
const behindSeparator = new Script('${all#*"\n=\n"}')
const nameOfLine = new Script('${l%%:*}')
const homeAndShell = new Script('${6-}|${7-}')
// A directory service has groups that /etc/group has not.
const orAsked = new Script('${own:-$(id -gn "$u")}')

/** The lines of both files, for all that ask in one script: the shell by itself would read them a byte at a time. Their last lines may have no end. */
const accounts = sh`if [ -z "${usersSoFar}" ]; then
  all=$(cat /etc/passwd - /etc/group <<'end'

=
end
) || exit 1
  # It may be empty, too.
  all="$all
"
  plinth_users=${beforeSeparator} plinth_groups=${behindSeparator}
fi
IFS='
'
set -f`

/** What is in the lines of an account: `$1`, `$2` and so on. */
const fields = sh`IFS=:
  set -- $l
  IFS='
'`

/** Prints lines of `USER<tab>HOME|SHELL|GROUP`. */
export const userStates = (names: readonly string[]): Script =>
  sh`${accounts}
for u in ${names}; do for l in $plinth_users; do case $l in "$u":*)
  ${fields}
  own=
  for l in $plinth_groups; do case $l in *:*:"$4" | *:*:"$4":*) own=${nameOfLine}; break ;; esac; done
  printf '%s\t%s\n' "$u" "${homeAndShell}|${orAsked}"
  break ;;
esac; done; done
unset IFS
set +f`

/** Prints lines of `GROUP<tab>NUMBER`. */
export const groupNumbers = (names: readonly string[]): Script =>
  sh`${accounts}
for g in ${names}; do for l in $plinth_groups; do case $l in "$g":*)
  ${fields}
  printf '%s\t%s\n' "$g" "$3"
  break ;;
esac; done; done
unset IFS
set +f`
