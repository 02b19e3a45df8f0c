/** What systemd says of units, and our notes beside: the shell behind the reader `unit`. */
import { Script, sh } from './script.ts'

const pidOfLine = new Script('${l#MainPID=}')
const inputsOfEnvironment = new Script('${e#*"$n"PLINTH_INPUTS=}')
const firstOfLines = new Script('${e%%"$n"*}')
const startOfLine = new Script('${l#InvocationID=}')
const firstOfEvery = new Script('${every%%"$n$n"*}')
const withoutFirst = new Script('${every#"$all"}')
const withoutEmptyLine = new Script('${every#"$n$n"}')
const namesOfUnit = new Script('${all#*Names=}')
const firstLineOfIt = new Script('${l%%"$n"*}')
// No start is called so; where systemd gives them no names, none is known.
const idOrNone = new Script('${id:--}')
const unitOfKey = new Script('${u%.service}')

/** Prints the properties of units, lines of `UNIT<tab>NAME=VALUE`. */
export const unitStates = (names: readonly string[]): Script =>
  sh`n='
' now=
# Run in subshells only, which become it.
show() {
  export TZ=UTC0
  exec systemctl show -p Names -p LoadState -p ActiveState -p SubState -p UnitFileState -p NeedDaemonReload -p MainPID \
    -p EnvironmentFiles -p CanReload -p InvocationID -p InactiveExitTimestamp -p ExecMainStartTimestamp -p ExecMainStartTimestampMonotonic -- "$@"
}
# Of several it tells in their order, with an empty line between. Where that does not name the unit, it is asked for that alone.
every=${names.length > 1 ? sh`$(show ${names} 2>/dev/null) || every=` : new Script('')}
for u in ${names}; do
  all=${firstOfEvery}
  every=${withoutFirst} every=${withoutEmptyLine}
  l=${namesOfUnit}
  case " ${firstLineOfIt} " in *" $u "*) ;; *)
    # Of a unit that it does not know systemd says so. Where it does not run there are none.
    all=$(show "$u") || if [ -d /run/systemd/system ]; then exit 1; fi ;;
  esac
  p=0 id= state= known= ours=
  IFS=$n
  set -f
  for l in $all; do
    case $l in
      Names=*) continue ;;
      # In older versions without the s.
      EnvironmentFile*)
        case $l in *=/etc/plinth/*) ours=yes ;; esac
        continue ;;
      MainPID=*) p=${pidOfLine} ;;
      InvocationID=*) id=${startOfLine} ;;
      ActiveState=*) state=$l ;;
    esac
    printf '%s\t%s\n' "$u" "$l"
  done
  unset IFS
  set +f
  if [ -e "/etc/plinth/${unitOfKey}.started" ]; then
    while read -r l; do
      case $l in
        InvocationID=*) printf '%s\tStarted=%s\n' "$u" "${startOfLine}" ;;
        Inputs=*)
          printf '%s\t%s\n' "$u" "$l"
          case $state/$l in "ActiveState=active/Inputs=${idOrNone} "?*) known=yes ;; esac ;;
      esac
    done <"/etc/plinth/${unitOfKey}.started" || :
  fi
  if [ "$p" != 0 ]; then
    # Without a file of ours it has no such variable, and a shell takes its time over each byte.
    if [ "$ours" ] && [ -z "$known" ]; then
      # Whether it has shows without a process: the shell passes over the zero bytes.
      e=
      { while read -r l || [ "$l" ]; do e=$e$l; done <"/proc/$p/environ"; } 2>/dev/null || :
      case $e in *PLINTH_INPUTS=*) e=$n$(tr '\0' '\n' 2>/dev/null <"/proc/$p/environ") || : ;; esac
      case $e in *"$n"PLINTH_INPUTS=*)
        e=${inputsOfEnvironment}
        printf '%s\tPLINTH_INPUTS=%s\n' "$u" "${firstOfLines}" ;;
      esac
    fi
    # What time it is matters where something is known of its start or its inputs.
    if [ -e "/etc/plinth/${unitOfKey}.started" ] || [ -e "/etc/plinth/${unitOfKey}.stale" ]; then
      if [ -z "$now" ]; then
        read -r up idle </proc/uptime
        now="$(date +%s) $up"
      fi
      printf '%s\tNow=%s\n' "$u" "$now"
    fi
  fi
  if [ -e "/etc/plinth/${unitOfKey}.stale" ]; then
    e=
    while read -r l || [ "$l" ]; do e="$e$l "; done <"/etc/plinth/${unitOfKey}.stale" || :
    printf '%s\tStale=%s\n' "$u" "$e"
  fi
done`
