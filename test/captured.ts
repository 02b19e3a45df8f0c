/** What a person would have seen. */

/** All that is written to the two streams while `work` runs, as a terminal without colour would show it. */
export async function captured(work: () => Promise<void>): Promise<string> {
  const written: string[] = []
  const streams = [process.stdout, process.stderr]
  const writes = streams.map((stream) => stream.write)
  const ttys = streams.map((stream) => stream.isTTY)
  for (const stream of streams) {
    stream.isTTY = false
    stream.write = (text: string | Uint8Array): boolean => {
      written.push(String(text))
      return true
    }
  }
  try {
    await work()
  } finally {
    for (const [index, stream] of streams.entries()) {
      stream.write = writes[index]!
      stream.isTTY = ttys[index]!
    }
  }
  return written.join('')
}
