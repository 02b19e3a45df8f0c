/**
 * The packets of a large file, each of which ssh2 puts into a new buffer of 32 KiB. To collect those took V8 as long as to encrypt
 * them, so they are used again once they are sent. Made on ssh2's inner objects, which its version in package.json pins.
 */
import { randomFillSync } from 'node:crypto'
import type { Writable } from 'node:stream'
import type { Client } from 'ssh2'

/** Makes and encrypts packets between two exchanges of keys. */
interface Cipher {
  /** A packet with room for so many bytes; its first five (length, number of bytes of padding) and the padding at its end are there. */
  allocPacket(length: number): Buffer
}

interface Protocol {
  readonly _cipher: Cipher
  channelData(channel: number, data: Buffer | string): void
}

/** What OpenSSH's sshd takes in one packet. */
const leastBytes = 32 * 1024
/** How many wait for their next use, of each size: what one machine takes in one go, twice. */
const mostKept = 128
const headBytes = 5

/** What is sent at the moment, by the memory that it is in: pieces of one packet may be written one by one. */
interface Sending {
  readonly packet: Buffer
  pieces: number
}

/** The packets of all connections of a run. */
export class Packets {
  /** By their size. */
  readonly #free = new Map<number, Buffer[]>()
  readonly #sending = new WeakMap<ArrayBufferLike, Sending>()
  readonly #random = Buffer.alloc(4096)
  #spent = this.#random.length

  /** Has a client that is connected over `stream` use them for what it sends from now on. */
  serve(client: Client, stream: Writable): void {
    const { _protocol: protocol } = client as unknown as { readonly _protocol: Protocol }
    if (typeof protocol.channelData !== 'function' || typeof protocol._cipher.allocPacket !== 'function')
      throw new Error('this version of ssh2 is not the one Plinth was made for')
    let served: Cipher | undefined
    const send = protocol.channelData.bind(protocol)
    protocol.channelData = (channel, data) => {
      // Another one after each exchange of keys.
      if (protocol._cipher !== served) this.#supply(protocol._cipher)
      served = protocol._cipher
      send(channel, data)
    }
    const write = stream.write.bind(stream)
    stream.write = (...[piece, ...rest]: unknown[]): boolean => {
      const sending = piece instanceof Uint8Array ? this.#sending.get(piece.buffer) : undefined
      if (!sending) return write(...([piece, ...rest] as Parameters<typeof write>))
      sending.pieces++
      return write(piece, () => {
        if (--sending.pieces === 0) this.#giveBack(sending.packet)
      })
    }
  }

  /** Full packets are used again. Where a chunk or the window ends one is smaller, of a size that may never come again. */
  #supply(cipher: Cipher): void {
    const make = cipher.allocPacket.bind(cipher)
    let like: { readonly length: number; readonly bytes: number; readonly head: Buffer } | undefined
    cipher.allocPacket = (length) => {
      if (length < (like?.length ?? leastBytes)) return make(length)
      const used = like?.length === length ? this.#free.get(like.bytes)?.pop() : undefined
      const packet = used ?? make(length)
      if (used && like) {
        used.set(like.head)
        used.set(this.#padding(like.head[headBytes - 1] ?? 0), headBytes + length)
      } else like = { length, bytes: packet.length, head: Buffer.from(packet.subarray(0, headBytes)) }
      this.#sending.set(packet.buffer, { packet, pieces: 0 })
      return packet
    }
  }

  /** No byte of it is given twice. */
  #padding(bytes: number): Buffer {
    if (this.#spent + bytes > this.#random.length) {
      randomFillSync(this.#random)
      this.#spent = 0
    }
    this.#spent += bytes
    return this.#random.subarray(this.#spent - bytes, this.#spent)
  }

  #giveBack(packet: Buffer): void {
    this.#sending.delete(packet.buffer)
    const free = this.#free.get(packet.length) ?? []
    this.#free.set(packet.length, free)
    if (free.length < mostKept) free.push(packet)
  }
}
