/** Users and groups of a host: the shell behind the readers `user` and `group`. */
import { Script, sh } from './script.ts'

// A directory service has groups that /etc/group has not.
const orAsked = new Script('${own:-$(id -gn "$u")}')
const groupsSoFar = new Script('${plinth_groups+known}')
const nameOfGroup = new Script('"${l#*:}"')
const numberOfGroup = new Script('"${l%%:*}"')

/** Reads /etc/group, once in a script: a shell takes its time over each byte. Lines of `NUMBER:NAME` in `plinth_groups`. */
const groupsOnce = sh`if [ -z "${groupsSoFar}" ]; then
  plinth_groups=
  while IFS=: read -r name x gid rest || [ "$name" ]; do plinth_groups="$plinth_groups$gid:$name
"; done </etc/group || exit 1
fi`

/** Prints home, shell and group of users, lines of `USER<tab>HOME|SHELL|GROUP`. */
export const userStates = (names: readonly string[]): Script =>
  sh`${groupsOnce}
for u in ${names}; do
  while IFS=: read -r name x uid gid full home shell || [ "$name" ]; do
    if [ "$name" = "$u" ]; then
      own=
      IFS='
'
      set -f
      for l in $plinth_groups; do case $l in "$gid":*)
        own=${nameOfGroup}
        break ;;
      esac; done
      unset IFS
      set +f
      printf '%s\t%s\n' "$u" "$home|$shell|${orAsked}"
      break
    fi
  done </etc/passwd || exit 1
done`

/** Prints the numbers of groups, lines of `GROUP<tab>NUMBER`. */
export const groupNumbers = (names: readonly string[]): Script =>
  sh`${groupsOnce}
IFS='
'
set -f
for g in ${names}; do
  for l in $plinth_groups; do if [ ${nameOfGroup} = "$g" ]; then printf '%s\t%s\n' "$g" ${numberOfGroup}; fi; done
done
unset IFS
set +f`
