/** SSH's wire format as far as keys and agents need it: strings with their length in front (RFC 4251 section 5). Pure. */

/** A string as it goes over the wire. */
export function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A positive number, big end first, as an mpint: without needless zeros, and never with its first bit set. */
export function mpint(number: Buffer): Buffer {
  let start = 0
  while (start < number.length && number[start] === 0) start++
  const bare = number.subarray(start)
  return string(bare[0] !== undefined && bare[0] >= 0x80 ? Buffer.concat([Buffer.alloc(1), bare]) : bare)
}

/** The strings that follow each other in `data`; what is cut off at the end is left out. */
export function strings(data: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 4 <= data.length; ) {
    const end = at + 4 + data.readUInt32BE(at)
    if (end > data.length) break
    found.push(data.subarray(at + 4, end))
    at = end
  }
  return found
}
