import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { framed, lackText, lockScript, preamble, scriptWith } from '../../lib/edge/shell-text.ts'
import { assert, suite } from '../kit.ts'
import { Sandbox, shells } from '../shells.ts'

const test = suite('edge/shell-text')
const box = new Sandbox(test)

async function* chunks(): AsyncGenerator<Buffer> {}
const stream = { chunks, bytes: 42 }

/** The busybox of some distributions has no flock. */
const withFlock = (): string => {
  const bin = box.fresh()
  writeFileSync(join(bin, 'flock'), '#!/bin/sh\n', { mode: 0o755 })
  return bin
}

test('a script is one quoted word in a subshell of its own, without input, without the lock, with a watch over it', () => {
  assert.is(
    scriptWith(1, "echo 'a b'", {}, 300),
    `{ plinth_busy=yes; plinth_mark begin 1
( ( set -eu; eval 'echo '\\''a b'\\''' ) </dev/null 9>&-
plinth_mark end 1 $? ) &
plinth_watch $! 300 1
wait $!
}
`,
  )
})

test('short input is written by the shell itself: no argument list, no file holds it', () => {
  assert.ok(
    scriptWith(1, 'cat', { inline: Buffer.from("it's") }, 1).includes(
      `\n( ( printf %s 'it'\\''s' ) 9>&- | ( plinth_bytes=4; set -eu; eval cat ) 9>&-\nplinth_mark end`,
    ),
  )
})

test('text becomes one character per byte', () => {
  assert.ok(scriptWith(1, 'echo ä', {}, 1).includes("( set -eu; eval 'echo Ã¤' )"))
})

test('a stream is counted, confirmed, drained and watched', () => {
  assert.is(
    scriptWith(7, 'cat', { stream }, 2.5),
    `{ plinth_busy=yes; plinth_mark begin 7
{ ( trap '' PIPE; a=; trap 'kill -9 $1 $2 $$; \${a:+kill $a}' EXIT; set --
  IFS= read -r l && set -- $l
  ( plinth_leave $2 3 ) >/dev/null 2>&1 3>&- & a=$!
  [ $# = 4 ] && echo && { [ $3 = 0 ] ||
  if dd iflag=fullblock count=0 </dev/null 2>/dev/null; then dd iflag=fullblock bs=131072 count=$3 2>/dev/null
  else head -c $(($3 * 131072)); fi; } && head -c $4 && plinth_mark got 7 >&3 && IFS= read -r l && [ "$l" = go ] || exit
  trap - EXIT; exec >&3; plinth_watch $2 3 7
  kill $a ) 9>&- |
( trap 'plinth_mark gone 7' EXIT
( read -r p c t w l </proc/self/stat; n=0 s=0
  plinth_mark ready 7 $p $w $n && IFS= read -r l || exit 1
  [ $s = 0 ] || exit $s
  plinth_bytes=$((42 - n)); set -eu; eval cat ) 9>&-
  s=$?; cat >/dev/null; plinth_mark end 7 $s; trap - EXIT ) 3>&-; } 3>&1
plinth_next 7
}
`,
  )
})

test('what is there already is asked in the same script, before the word that bytes may come', () => {
  const text = scriptWith(7, 'cat', { stream: { ...stream, have: 'stat -c %s "x y"' } }, 300)
  assert.ok(
    text.includes(
      `; n=$( ( set -eu; eval 'stat -c %s "x y"' ) </dev/null ); s=$?; [ $s = 0 ] || n=failed\n  plinth_mark ready`,
    ),
    text,
  )
})

test('a frame is one compound command: all of it has arrived before any of it runs', () => {
  assert.is(framed(3, 'true'), '{ plinth_mark begin 3\ntrue\nplinth_mark end 3 $?\n}\n')
  for (const input of [{}, { inline: Buffer.from('x') }, { stream }])
    assert.match(scriptWith(3, 'true', input, 9), /^\{ plinth_busy=yes; plinth_mark begin 3\n[\s\S]*\n\}\n$/)
})

test('the preamble sets marks on both streams, fixes the surroundings, and looks for the commands last', () => {
  const text = preamble('n0nce')
  assert.ok(
    text.startsWith(`
plinth_mark() { printf '\\nn0nce %s\\n' "$*"; printf '\\nn0nce %s\\n' "$*" >&2; }
`),
  )
  assert.match(
    text,
    /\ncommand -v cat .*\nexport LC_ALL=C PATH="\$PATH:\/usr\/local\/sbin:\/usr\/sbin:\/sbin"\nunset CDPATH POSIXLY_CORRECT TAR_OPTIONS GREP_OPTIONS\numask 022\ncd \/\nplinth_lack=\nfor c in base64 [a-z0-9 ]* flock; do /,
  )
  assert.match(text, /then plinth_mark lacks 0\$plinth_lack; exit 1; fi\nplinth_uid= plinth_gid=\n.*\n.*\n$/)
})

for (const shell of shells) {
  test(`${shell}: the preamble knows who it is without a process for it`, () => {
    const { stdout } = box.run(shell, `${preamble('n0nce')}echo "$plinth_uid:$plinth_gid"`, '', withFlock())
    assert.is(stdout, `${process.getuid?.()}:${process.getgid?.()}\n`)
  })
}

for (const shell of shells) {
  test(`${shell}: a connection lost before the first word about a stream ends the shell, and nobody else`, () => {
    // The words that the shell itself has: of $SSH_CONNECTION the second is a number too.
    const bystander = spawn('sleep', ['60'])
    try {
      const script = `set +eu\n${preamble('n0nce')}set -- 192.0.2.1 ${bystander.pid}\n${scriptWith(7, 'cat; echo ran', { stream }, 9)}`
      const { code, stdout } = box.run(shell, script, '', withFlock())
      assert.is(code, null, 'killed')
      assert.not.match(stdout, /ran|end 7 0/)
      assert.is(spawnSync('ps', ['-o', 'stat=', '-p', String(bystander.pid)], { encoding: 'utf8' }).stdout[0], 'S')
    } finally {
      bystander.kill('SIGKILL')
    }
  })
}

test('what a host lacks is named with the packages that have it', () => {
  const cases: readonly [missing: readonly string[], what: RegExp, remedy: string][] = [
    [['flock'], /^it lacks flock, /, 'install util-linux (or a busybox with these applets)'],
    [['stat', 'find', 'tee'], /stat, find, tee/, 'install coreutils and findutils (or a busybox with these applets)'],
    [['/proc'], /it lacks \/proc/, 'mount proc on /proc'],
    [['sed', '/proc'], /sed, \/proc/, 'install sed (or a busybox with these applets); mount proc on /proc'],
  ]
  for (const [missing, what, remedy] of cases) {
    const said = lackText(missing)
    assert.match(said.what, what)
    assert.is(said.remedy, remedy)
  }
})

test('the holder of a lock is quoted', () => {
  assert.ok(lockScript("o'brien; rm -rf /").includes(`'o'\\''brien; rm -rf /' "$1"`))
})

test('a NUL in a script is a bug, not a cut script', () => {
  assert.throws(() => scriptWith(1, 'echo \0', {}, 1), /NUL/)
})

test.run()
