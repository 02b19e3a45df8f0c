import { setMaxListeners } from 'node:events'

/** What a reading gives, or null as soon as the run is interrupted: nothing is changed by it, and nobody waits for the answer. */
export async function unlessAborted<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | null> {
  reading.catch(() => {})
  if (signal.aborted) return null
  // As many wait as machines are asked at once.
  setMaxListeners(0, signal)
  let stop = (): void => {}
  const aborted = new Promise<null>((resolve) => {
    stop = () => resolve(null)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([aborted, reading])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
