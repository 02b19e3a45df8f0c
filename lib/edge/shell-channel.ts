/** Asking, acting and locking through the long-lived shell of a machine. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Channel, Heard } from '../core/channel.ts'
import { hostError, LockError, type PlinthError, type Problem } from '../core/error.ts'
import { ended } from '../core/lock.ts'
import { type Answers, pack, type Question, unpack } from '../core/probe.ts'
import { type Step, uploadAnew } from '../core/resource.ts'
import { chunkBytes, fileChunks } from './file-chunks.ts'
import { partsUsed } from './parts-used.ts'
import type { Outcome, Shell } from './shell.ts'
import { fromThere, lockScript, stillLocked, unchanged } from './shell-text.ts'

/** Input up to this many bytes goes along with its script; more of it is streamed once the shell has said it is ready. */
const inlineLimit = 64 * 1024

/**
 * A channel over a shell. All of it throws PlinthErrors: exit code 3 when the shell is lost, 1 for what went wrong on
 * the machine.
 * @param lockFile instead of /run/plinth.lock (a user who is not root has one in their home)
 */
export function shellChannel(shell: Shell, lockFile?: string): Channel {
  let locked = false
  // Not the nonce itself: a section's line must not look like a mark.
  const mark = `${shell.nonce}-section`
  const asked = (questions: readonly Question[], { code, stdout, stderr, cut, late }: Outcome): Answers => {
    if (late !== undefined) throw lateAnswer(shell.host, late)
    if (code === null) throw shell.gone()
    partsUsed.add('asking')
    if (code === 0 && !cut) return unpack(questions, mark, stdout)
    throw hostError({
      where: shell.host,
      what: cut
        ? 'the answer is longer than 64 MiB'
        : `reading its state failed with exit code ${code}: ${lastLines(stderr)}`,
      remedy: 'see that the host has what the message names (coreutils, rights), then run again',
    })
  }
  const ask = async (questions: readonly Question[]): Promise<Answers> =>
    asked(questions, await shell.run(pack(questions, mark)))
  return {
    ask,

    async askLocked(holder, questions, earlier) {
      if (locked) return ask(questions)
      const script = lockScript(holder, { file: lockFile, last: earlier?.last })
      const outcome = await shell.run(pack(questions, mark), {}, undefined, script)
      const { first = 0 } = outcome
      if (first !== 0 && first !== unchanged) throw lockProblem(shell.host, outcome, holder)
      locked = outcome.first !== undefined
      return earlier && first === unchanged ? earlier.answers : asked(questions, outcome)
    },

    async *act(steps, told, heard) {
      for (const step of steps) {
        const started = performance.now()
        const { code, stdout, stderr, late } = await runStep(
          shell,
          locked ? { ...step, run: stillLocked + step.run } : step,
          told,
          heard,
        )
        const seconds = (performance.now() - started) / 1000
        partsUsed.add('steps')
        yield { step, code, stdout, stderr, seconds, ...(late !== undefined && { late }) }
        if (code !== 0) return
      }
    },

    async lock(holder) {
      if (locked) return
      const outcome = await shell.runHere(lockScript(holder, { file: lockFile }), 30)
      if (outcome.code === null) throw shell.gone()
      if (outcome.code !== 0) throw lockProblem(shell.host, outcome, holder)
      locked = true
    },

    close: () => shell.close(),
  }
}

type Told = (sent: number, of: number) => void

async function runStep(shell: Shell, step: Step, told: Told = () => {}, heard?: Heard): Promise<Outcome> {
  const { run, input, upload, deadline } = step
  if (upload) {
    const outcome = await runUpload(shell, step, upload, told)
    // Once: what is there now was sent by this very run.
    return outcome.resumed > 0 && outcome.code === uploadAnew ? runUpload(shell, step, upload, told) : outcome
  }
  if (input === undefined) return shell.run(run, {}, deadline, undefined, heard)
  const bytes = Buffer.from(input)
  if (bytes.length <= inlineLimit && !bytes.includes(0))
    return shell.run(run, { inline: bytes }, deadline, undefined, heard)
  const stream = { bytes: bytes.length, chunks: () => chunksOf(bytes) }
  return shell.run(run, { stream }, deadline, undefined, heard)
}

async function runUpload(
  shell: Shell,
  { run, deadline }: Step,
  { path, bytes, have }: NonNullable<Step['upload']>,
  told: Told,
): Promise<Outcome> {
  const { file, key } = await opened(path, bytes)
  partsUsed.add('uploads')
  const chunks = (from: number): AsyncIterable<Buffer> =>
    counting(fileChunks(file, key, from), from, (sent) => told(sent, bytes))
  try {
    return await shell.run(run, { stream: { bytes, chunks, ...(have !== undefined && { have }) } }, deadline)
  } finally {
    await file.close()
  }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

/** A file of so many bytes, and what tells it from any other and from itself once it is written to. */
async function opened(path: string, bytes: number): Promise<{ readonly file: FileHandle; readonly key: string }> {
  const remedy = 'put the file back as it was when the run was planned, and run again'
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    throw hostError({ where: path, what: `it can't be read (${(error as NodeJS.ErrnoException).code})`, remedy })
  }
  const { dev, ino, size, mtimeMs } = await file.stat()
  if (size === bytes) return { file, key: `${dev}:${ino}:${size}:${mtimeMs}` }
  await file.close()
  throw hostError({ where: path, what: `it has ${size} bytes, not ${bytes}`, remedy })
}

const lateAnswer = (where: string, seconds: number): PlinthError =>
  hostError({
    where,
    what: `reading its state had not ended after ${seconds} s and was given up`,
    remedy: 'look for a disk or a network file system there that does not answer',
  })

/** The exit codes are those of `lockScript`. */
function lockProblem(where: string, { code, stdout, stderr }: Outcome, holder = ''): LockError {
  if (code === 75) {
    if (stdout.startsWith(`${holder}${fromThere}`)) return new LockError(inItsOwnWay(where))
    const said = stdout.startsWith(ended) ? '' : stdout.trim()
    const what = `another run is at work there: ${said || 'it has not said its name'}`
    const remedy =
      'wait until it has ended and run again; of a run that was killed only the step in hand still holds it'
    return new LockError({ where, what, remedy })
  }
  if (code === 127) {
    return new LockError({
      where,
      what: 'there is no flock command',
      remedy: 'install util-linux (or a busybox with flock)',
    })
  }
  return new LockError({
    where,
    what: `its lock can't be taken: ${lastLines(stderr)}`,
    remedy:
      'see to the rights, the owner and the free space of /run (of ~/.local/state/plinth for a user who is not root)',
  })
}

/** A run that waited for that lock would wait for itself. */
const inItsOwnWay = (where: string): Problem => ({
  where,
  what: 'this run itself is at work there: another of its hosts is the same machine, by another address or name',
  remedy: 'give hosts of one machine the same ansible_host, ansible_port and ansible_user',
})

/** What a person needs to see of a stderr. */
const lastLines = (text: string): string =>
  text.trim().split('\n').slice(-5).join(' | ').slice(-1000) || 'it said nothing'

/** The chunks as they are; `told` hears how many bytes of the file are there or have gone by. */
async function* counting(
  chunks: AsyncIterable<Buffer>,
  from: number,
  told: (sent: number) => void,
): AsyncIterable<Buffer> {
  let sent = from
  told(sent)
  for await (const chunk of chunks) {
    yield chunk
    sent += chunk.length
    told(sent)
  }
}
