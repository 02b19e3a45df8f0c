/** What sshd says in the clear before the keys are exchanged: for messages, and to tell a host that is busy from one that is not an sshd. */
import type { Duplex } from 'node:stream'

/** As much as an identification and a list of algorithms ever take. */
const most = 16 * 1024

/** The line that every SSH server begins with, others may stand before it (RFC 4253 section 4.2). */
const identification = /^SSH-[^\n]*\n/m

export class Overheard {
  #bytes = Buffer.alloc(0)
  #stop = (): void => {}

  /** Listens beside whoever reads the stream, until `end`. */
  constructor(stream: Duplex) {
    const listen = (chunk: Buffer): void => {
      if (this.#bytes.length < most) this.#bytes = Buffer.concat([this.#bytes, chunk])
    }
    stream.on('data', listen)
    this.#stop = () => stream.off('data', listen)
  }

  end(): void {
    this.#stop()
  }

  /** What came before an identification, or instead of one. */
  get greeting(): string {
    const text = this.#bytes.toString('latin1')
    const start = text.search(identification)
    return (start < 0 ? text : text.slice(0, start)).trim()
  }

  /** Whether it is an SSH server: it has identified itself. */
  get identified(): boolean {
    return identification.test(this.#bytes.toString('latin1'))
  }

  /** The algorithms it offers (RFC 4253 section 7.1), by the kind that ssh2 calls them in its errors; empty if it has not said. */
  get offer(): Readonly<Record<string, string>> {
    const text = this.#bytes.toString('latin1')
    const ident = text.search(identification)
    const packet = this.#bytes.subarray(text.indexOf('\n', ident) + 1)
    const kexinit = 20
    if (ident < 0 || packet.length < 22 || packet[5] !== kexinit) return {}
    const lists: string[] = []
    for (let at = 22; at + 4 <= packet.length && lists.length < 6; ) {
      const length = packet.readUInt32BE(at)
      lists.push(packet.toString('latin1', at + 4, at + 4 + length))
      at += 4 + length
    }
    const [kex = '', hostKey = '', up = '', down = '', upMac = '', downMac = ''] = lists
    return {
      'key exchange algorithm': kex.replace(/,?kex-strict-s-v00@openssh\.com|,?ext-info-s/g, ''),
      'host key format': hostKey,
      'C->S cipher': up,
      'S->C cipher': down,
      'C->S MAC': upMac,
      'S->C MAC': downMac,
    }
  }
}
