/** `--events FILE`: what happens, as lines of JSON, each of them written before the next thing begins. */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { PlinthError, usageError } from '../core/error.ts'
import { jsonText } from '../core/visible.ts'
import type { Event } from '../engine/world.ts'
import type { Begun, Ended } from '../report/run.ts'
import { beginsAsStream, streamEnd, streamed, streamHead } from '../report/stream.ts'
import { mayReplace } from './earlier-file.ts'

export interface EventStream {
  /** `at`: seconds since the run began. */
  add(event: Event, at: number): void
  end(run: Ended): void
}

/** Seconds between two lines about the same upload. */
const uploadSilence = 1

/**
 * Opens the file, or takes a pipe that somebody reads already; with null nothing is written. A reader that goes away or
 * falls behind ends the stream, not the run: `say` hears of it.
 * Throws a usage error if the file can't be written, or is there and is no such stream.
 */
export function openEvents(path: string | null, begun: Begun, say: (line: string) => void): EventStream {
  if (path === null) return { add: () => {}, end: () => {} }
  let file: number | null = opened(path)
  const told = new Map<string, number>()
  const close = (): void => {
    if (file !== null) closeSync(file)
    file = null
  }
  const write = (line: object): void => {
    if (file === null) return
    const bytes = Buffer.from(`${jsonText(line)}\n`)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } catch (error) {
      close()
      say(`${path}: no more events are written (${(error as NodeJS.ErrnoException).code}); the run goes on`)
    }
  }
  write(streamHead(begun))
  return {
    add(event, at) {
      if (event.kind === 'sent') {
        const key = `${event.host} ${event.id}`
        if (event.sent < event.of && at - (told.get(key) ?? -uploadSilence) < uploadSilence) return
        told.set(key, at)
      }
      for (const line of streamed({ at, event })) write(line)
    },
    end(run) {
      write(streamEnd(run))
      close()
    },
  }
}

function opened(path: string): number {
  try {
    mayReplace(`--events ${path}`, path, { name: 'stream of events', begins: beginsAsStream })
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NONBLOCK } = constants
    // Non-blocking: a pipe that nobody empties must not hold the run up. At the end: another run may have begun the file anew.
    return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK, 0o644)
  } catch (error) {
    if (error instanceof PlinthError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw usageError({
      where: `--events ${path}`,
      what: code === 'ENXIO' ? 'nobody reads this pipe' : `it can't be written (${code})`,
      remedy:
        code === 'ENXIO' ? 'start the reader first' : 'name a file in a folder that is there and may be written to',
    })
  }
}
