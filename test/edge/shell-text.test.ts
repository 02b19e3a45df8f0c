import { framed, lockScript, preamble, scriptWith } from '../../lib/edge/shell-text.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/shell-text')

async function* nothing(): AsyncGenerator<Buffer> {}
const stream = { chunks: nothing(), bytes: 42 }

test('a script is one quoted word in a subshell of its own, without input, without the lock', () => {
  assert.is(scriptWith(1, "echo 'a b'", {}), `( set -eu; eval 'echo '\\''a b'\\''' ) </dev/null 9>&-`)
})

test('short input is written by the shell itself: no argument list, no file holds it', () => {
  assert.is(
    scriptWith(1, 'cat', { inline: Buffer.from("it's") }),
    `( printf %s 'it'\\''s' ) 9>&- | ( set -eu; eval cat ) 9>&-`,
  )
})

test('text becomes one character per byte', () => {
  assert.is(scriptWith(1, 'echo ä', {}), "( set -eu; eval 'echo Ã¤' ) </dev/null 9>&-")
})

test('a stream is counted, confirmed and drained', () => {
  assert.is(
    scriptWith(7, 'cat', { stream }),
    `{ ( trap '' PIPE
  IFS= read -r p && echo && head -c 42 && plinth_mark got 7 >&3 && IFS= read -r a && [ "$a" = go ] ||
  kill -9 $p $$ ) 9>&- |
( ( read -r p a </proc/self/stat && plinth_mark ready 7 "$p" && IFS= read -r a || exit 1; set -eu; eval cat )
  s=$?; cat >/dev/null; exit $s ) 3>&- 9>&-; } 3>&1`,
  )
})

test('a long stream is copied in blocks where dd can do so exactly', () => {
  const text = scriptWith(7, 'cat', { stream: { chunks: nothing(), bytes: 3 * 131072 + 5 } })
  assert.ok(
    text.includes(`&& if dd iflag=fullblock count=0 </dev/null 2>/dev/null
  then dd iflag=fullblock bs=131072 count=3 2>/dev/null && head -c 5
  else head -c 393221; fi && plinth_mark got 7`),
    text,
  )
})

test('a frame is one compound command: all of it has arrived before any of it runs', () => {
  assert.is(framed(3, 'true'), '{ plinth_mark begin 3\ntrue\nplinth_mark end 3 $?\n}\n')
})

test('the preamble sets marks on both streams and fixes the surroundings', () => {
  assert.is(
    preamble('n0nce'),
    `
plinth_mark() { printf '\\nn0nce %s\\n' "$*"; printf '\\nn0nce %s\\n' "$*" >&2; }
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
unset CDPATH
umask 022
cd /
`,
  )
})

test('the holder of a lock is quoted', () => {
  assert.ok(lockScript("o'brien; rm -rf /").includes(`'o'\\''brien; rm -rf /' "$1"`))
})

test('a NUL in a script is a bug, not a cut script', () => {
  assert.throws(() => scriptWith(1, 'echo \0', {}), /NUL/)
})

test.run()
