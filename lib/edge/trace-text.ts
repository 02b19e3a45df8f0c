/** The script that leaves a run's trace on a machine: the audit line, and what the site owns there. Run under dash and busybox. */
import type { Trace } from '../core/channel.ts'
import { hostError, type PlinthError } from '../core/error.ts'
import { receiptText, stateFolder } from '../core/receipt.ts'
import { lines, type Script, sh } from '../core/script.ts'
import type { Outcome } from './shell.ts'

/** Bytes after which the audit log is put aside, as `audit.log.1`. */
const logBytes = 1_048_576
/** What a line in the journal may have: util-linux' logger cuts it at 1 KiB unless told, busybox's can't be told and has a limit of its own. */
const journalBytes = 65_536

/**
 * The script. The time is the machine's own. Receipt and log do not wait for each other: where one can't be written, the other is
 * there, and it ends with an error all the same. A receipt is replaced atomically (of two runs only one has the lock, and what a killed
 * one left is written over); the log is appended to by one write, behind which its length can be seen for no process.
 */
export function traceScript({ line, receipt }: Trace): string {
  const text = line.replace(/[\p{Cc}]+/gu, ' ')
  const written: Script =
    receipt === undefined
      ? sh`:`
      : sh`set +e
(
set -e
f="$state/receipts/"${receipt.site}
if [ ! -d "$state/receipts" ]; then mkdir -p -- "$state/receipts"; fi
t="$state/receipts/.plinth.new"
trap 'rm -f -- "$t"' EXIT
printf %s ${receiptText(receipt.owned)} >"$t"
sync "$t"
mv -f -- "$t" "$f"
trap - EXIT
${lines(...(receipt.former ?? []).map((name) => sh`rm -f -- "$state/receipts/"${name}`))}
sync "$state/receipts"
)
noted=$?
set -e`
  return lines(
    sh`umask 077`,
    stateFolder,
    sh`noted=0`,
    written,
    sh`text=${text}
if [ ! -d "$log" ]; then mkdir -p -- "$log"; fi
line="$(date -u +%Y-%m-%dT%H:%M:%SZ) $text"
exec 8>>"$log/audit.log"
printf '%s\n' "$line" >&8
length=0
{ while read -r name value; do case $name in pos:) length=$value ;; esac; done </proc/self/fdinfo/8; } 2>/dev/null || :
if command -v logger >/dev/null; then
  logger -S ${journalBytes} -t plinth -p user.notice -- "$text" 2>/dev/null || logger -t plinth -p user.notice -- "$text" || :
fi
# Not what another has put in its place meanwhile, who has put this one aside: it would be lost.
if [ "$length" -ge ${logBytes} ] && [ -f "$log/audit.log" ] && [ "$log/audit.log" -ef /proc/self/fd/8 ]; then
  mv -f -- "$log/audit.log" "$log/audit.log.1"
fi
[ "$noted" = 0 ]`,
  ).text
}

/** Seconds that noting something may take: a folder on a share that does not answer must not hold up a run. */
export const traceSeconds = 30

/** What kept a trace from being left; undefined where it is there, and where nobody knows, for the machine is lost. */
export function traceProblem(where: string, { code, stderr, late }: Outcome): PlinthError | undefined {
  if (code === 0 || (code === null && late === undefined)) return undefined
  const why = late === undefined ? (stderr.trim().split('\n').at(-1) ?? '') : `it had not ended after ${late} s`
  return hostError({
    where,
    what: `what is done there can't be noted: ${why}`,
    remedy: 'see to the rights and the free space of /var/log/plinth and /var/lib/plinth',
  })
}
