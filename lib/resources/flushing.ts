/** Bringing large things to the disk while they are written: all at once in the end it would take as long again. */
import { lines, Script, sh } from '../core/script.ts'

/**
 * Starts to flush in turns what is written from here on. It ends with the script, however that ends.
 * @param flush a command that flushes all that is there so far; it may be so early that nothing is
 * @param seconds between two turns; whole ones where the host's `sleep` knows no others
 */
export const startFlushing = (flush: Script, seconds: string): Script =>
  sh`flush() { ${flush}; }
read -r pid rest </proc/self/stat
( stop= failed=
trap 'stop=yes' TERM
# It may be told to end while it flushes: then it must not wait for its turn.
while [ ! "$stop" ]; do
  { sleep ${new Script(seconds)} || sleep 1; } 2>/dev/null & wait $! || :
  if [ "$stop" ] || [ ! -e "/proc/$pid" ]; then break; fi
  # It stays until it is waited for: its number could be another process's by then.
  [ "$failed" ] || flush || failed=yes
done
[ ! "$failed" ] ) </dev/null >/dev/null & flushing=$!`

/** Ends it, flushes what is left, and fails where any of this did: an error of the disk is told but once. */
export const endFlushing: Script = lines(
  'kill $flushing 2>/dev/null || :',
  '# What it flushes at the moment it brings to an end.',
  'wait $flushing 2>/dev/null || [ $? -gt 128 ]',
  'flush',
)
