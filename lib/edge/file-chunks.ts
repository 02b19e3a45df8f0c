/**
 * What is in a large file that goes to many machines: read once for those that go along together, into buffers that are used
 * again. A new one for every chunk costs more than the reading.
 */
import type { FileHandle } from 'node:fs/promises'

export const chunkBytes = 256 * 1024
/** How many chunks wait for machines that are behind, beside those that are in use. */
const spare = 32
/** How many of its chunks a machine may still be sending: see `fileChunks`. */
const inUse = 3

/** A chunk that is read, or about to be. */
interface Slot {
  readonly index: number
  readonly buffer: Buffer
  readonly filled: Promise<number>
  users: number
}

/** The chunks of one file; those that were used last are at the end. */
interface Shared {
  slots: Slot[]
  readers: number
}

/** By what the file is: see `fileChunks`. */
const files = new Map<string, Shared>()

/**
 * A file from some byte on, in chunks that end at multiples of `chunkBytes`. Who takes a chunk has passed on the third last one: its
 * buffer is used again. Those of the last two are never.
 * @param key the same for the same file with the same content, whoever has opened it
 * @throws what reading throws, for all who wait for that chunk
 */
export async function* fileChunks(
  file: Pick<FileHandle, 'read'>,
  key: string,
  from: number,
): AsyncGenerator<Buffer, void, undefined> {
  const shared = files.get(key) ?? { slots: [], readers: 0 }
  files.set(key, shared)
  shared.readers++
  const taken: Slot[] = []
  try {
    for (let index = Math.floor(from / chunkBytes), skipped = from % chunkBytes; ; index++, skipped = 0) {
      const oldest = taken.length === inUse ? taken.shift() : undefined
      if (oldest) oldest.users--
      const slot = take(shared, file, index)
      taken.push(slot)
      const filled = await slot.filled
      if (filled > skipped) yield slot.buffer.subarray(skipped, filled)
      if (filled < chunkBytes) return
    }
  } finally {
    // What it has taken last may still be under way, or could not be read.
    shared.slots = shared.slots.filter((slot) => !taken.includes(slot))
    if (--shared.readers === 0) files.delete(key)
  }
}

/** The slot with that chunk: one that is there, or one that will have it. */
function take(shared: Shared, file: Pick<FileHandle, 'read'>, index: number): Slot {
  const slot = shared.slots.find((one) => one.index === index) ?? begun(file, index, room(shared))
  slot.users++
  shared.slots = [...shared.slots.filter((one) => one !== slot), slot]
  return slot
}

const begun = (file: Pick<FileHandle, 'read'>, index: number, buffer: Buffer): Slot => ({
  index,
  buffer,
  filled: fill(file, buffer, index * chunkBytes),
  users: 0,
})

/** The buffer of the chunk that nobody has had for the longest time, or a new one. */
function room(shared: Shared): Buffer {
  const unused = shared.slots.length < spare ? undefined : shared.slots.find(({ users }) => users === 0)
  if (!unused) return Buffer.allocUnsafeSlow(chunkBytes)
  shared.slots = shared.slots.filter((one) => one !== unused)
  return unused.buffer
}

/** Some file systems give less at a time than was asked for. */
async function fill(file: Pick<FileHandle, 'read'>, buffer: Buffer, at: number): Promise<number> {
  let filled = 0
  for (let last = 1; last > 0 && filled < buffer.length; filled += last)
    last = (await file.read(buffer, filled, buffer.length - filled, at + filled)).bytesRead
  return filled
}
