/** Packets that are used again: with every cipher, across exchanges of keys, and never before they are sent. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getDefaultHighWaterMark, setDefaultHighWaterMark, Writable } from 'node:stream'
import type { Client } from 'ssh2'
import type { Channel } from '../../lib/core/channel.ts'
import { usualOffer } from '../../lib/edge/algorithms.ts'
import { Packets } from '../../lib/edge/packets.ts'
import { assert, suite } from '../kit.ts'
import { only, sha, step } from './channels.ts'
import { hopTo, newMachines, openTo, type Sshd, withSshd } from './sshd.ts'

const test = suite('edge/packets')

const large = randomBytes(16_000_000)
/** SSH's packets take 32 KiB of it each. */
const inPackets = Math.ceil(large.length / 32_768)

/** A step that sends it, to be given back its digest. */
function sending(sshd: Sshd) {
  const path = join(sshd.folder, 'large')
  writeFileSync(path, large)
  return step('sha256sum', { upload: { path, bytes: large.length, sha256: sha(large) } })
}

/** How many buffers for whole packets are made during some work. */
async function made(work: () => Promise<void>): Promise<number> {
  const { allocUnsafe } = Buffer
  let count = 0
  Buffer.allocUnsafe = (size) => {
    if (size > 32_768 && size < 33_000) count++
    return allocUnsafe(size)
  }
  try {
    await work()
  } finally {
    Buffer.allocUnsafe = allocUnsafe
  }
  return count
}

const arrives = async (channel: Channel, sshd: Sshd): Promise<void> => {
  assert.is((await only(channel, sending(sshd))).stdout, `${sha(large)}  -\n`)
}

const offers = [
  [{ ciphers: ['aes128-gcm@openssh.com'] }],
  [{ ciphers: ['chacha20-poly1305@openssh.com'] }],
  [{ ciphers: ['aes256-ctr'], macs: ['hmac-sha2-256-etm@openssh.com'] }],
  [{ ciphers: ['aes128-ctr'], macs: ['hmac-sha2-512'] }],
] as const

for (const [offer] of offers)
  test(
    `${Object.values(offer).join(' ')}: a large file goes out in a few buffers, and the keys are exchanged on its way`,
    () =>
      withSshd({ config: ['RekeyLimit 5M'] }, async (sshd) => {
        const channel = await openTo(sshd, { offer: { ...usualOffer, ...offer } })
        const buffers = await made(() => arrives(channel, sshd))
        // What SSH's window lets out at once, and some of it again after each exchange.
        assert.ok(buffers < inPackets / 2, `${buffers} buffers for ${inPackets} packets`)
        await channel.close()
      }),
    { timeout: 60 },
  )

test(
  'three at once through a jump host: each gets its own, whole',
  () =>
    withSshd({}, async (sshd) => {
      const machines = newMachines()
      const through = [hopTo(sshd, { name: 'bastion' })]
      const names = ['h1', 'h2', 'h3']
      const channels = await Promise.all(names.map((name) => openTo(sshd, { name }, { machines, through })))
      await Promise.all(channels.map((channel) => arrives(channel, sshd)))
      for (const channel of channels) await channel.close()
    }),
  { timeout: 60 },
)

/** A client of which one sees what it makes and sends: packets of a head of 5 bytes, the payload, and 4 to 11 bytes of padding. */
function client() {
  const written: { readonly bytes: Buffer; done(): void }[] = []
  const stream = new Writable({
    highWaterMark: 1e9,
    write(chunk: Buffer, _, callback) {
      written.push({ bytes: chunk, done: callback })
    },
  })
  let pieces = 1
  const cipher = () => ({
    allocPacket(length: number) {
      const padding = 12 - ((length + 5) % 8)
      const packet = Buffer.alloc(5 + length + padding, 0xee)
      packet.writeUInt32BE(packet.length - 4)
      packet[4] = padding
      return packet
    },
  })
  const protocol = {
    _cipher: cipher(),
    channelData(_: number, data: Buffer) {
      const packet = this._cipher.allocPacket(data.length)
      packet.set(data, 5)
      const half = pieces === 1 ? packet.length : packet.length >> 1
      stream.write(packet.subarray(0, half))
      if (pieces === 2) stream.write(packet.subarray(half))
    },
  }
  new Packets().serve({ _protocol: protocol } as unknown as Client, stream)
  return {
    written,
    send: (length: number, fill = 1) => protocol.channelData(0, Buffer.alloc(length, fill)),
    inPieces(count: number) {
      pieces = count
    },
    exchangeKeys() {
      protocol._cipher = cipher()
    },
    /** That so many pieces are with the kernel. */
    async take(count: number) {
      for (let index = 0; index < count; index++) {
        written.at(-1)!.done()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

const memory = ({ bytes }: { readonly bytes: Buffer }) => bytes.buffer

test('a packet is used again once it is sent, with a head and a padding of its own', async () => {
  const { written, send, take } = client()
  send(40_000, 1)
  const first = Buffer.from(written[0]!.bytes)
  await take(1)
  send(40_000, 2)
  assert.is(memory(written[1]!), memory(written[0]!))
  const again = written[1]!.bytes
  assert.equal(again.subarray(0, 5), first.subarray(0, 5))
  assert.ok(again.subarray(5, 40_005).every((byte) => byte === 2))
  assert.is(again.length, first.length)
  const padding = Buffer.from(again.subarray(40_005))
  assert.is(padding.length, first[4])
  await take(1)
  send(40_000, 3)
  assert.not.equal(Buffer.from(written[2]!.bytes.subarray(40_005)), padding, 'the same padding twice')
})

test('as long as a piece of it waits to be sent it is not', async () => {
  const { written, send, take, inPieces } = client()
  inPieces(2)
  send(40_000, 1)
  await take(1)
  assert.is(written.length, 2)
  send(40_000, 2)
  await take(1)
  assert.is(written.length, 3)
  assert.ok(memory(written[2]!) !== memory(written[0]!))
  assert.ok(written[0]!.bytes.subarray(5).every((byte) => byte === 1))
  await take(2)
  send(40_000, 3)
  assert.is(written.length, 5)
  assert.ok([written[0]!, written[2]!].some((sent) => memory(sent) === memory(written[4]!)))
})

test('packets of another size, small ones and those after an exchange of keys are right as well', async () => {
  const { written, send, take, exchangeKeys } = client()
  const sizes = [40_000, 44_000, 44_000, 40_000, 100, 44_000, 40_001, 33_007, 44_000]
  for (const [index, size] of sizes.entries()) {
    if (index === 5) exchangeKeys()
    send(size, index)
    const { bytes } = written.at(-1)!
    const padding = bytes[4]!
    assert.equal([bytes.length, bytes.readUInt32BE() + 4], [5 + size + padding, bytes.length], `${size}`)
    assert.is(bytes.length % 8, 4 /* as the cipher makes them */, `${size}`)
    assert.ok(
      bytes.subarray(5, 5 + size).every((byte) => byte === index),
      `${size}`,
    )
    await take(1)
  }
})

test('smaller packets are of sizes that do not come again: they are not kept, and the full ones are used on', async () => {
  const { written, send, take } = client()
  const memories = new Map<ArrayBufferLike, number>()
  for (let index = 0; index < 300; index++) {
    send(index % 3 === 2 ? 33_000 + index : 40_000)
    const memory = written.at(-1)!.bytes.buffer
    memories.set(memory, (memories.get(memory) ?? 0) + 1)
    await take(1)
  }
  assert.is(memories.size, 101, '100 of the smaller ones, and one')
  assert.is(Math.max(...memories.values()), 200)
})

test(
  'through a program, which may not have what it is said to have, each packet has its own',
  () =>
    withSshd({}, async (sshd) => {
      const relay = join(sshd.folder, 'relay.mjs')
      const slowly =
        'for await (const chunk of process.stdin) { far.write(chunk); await new Promise((go) => setTimeout(go, 1)) }'
      writeFileSync(
        relay,
        `import net from 'node:net'\nconst far = net.connect(${sshd.port}, '127.0.0.1')\nfar.pipe(process.stdout)\n${slowly}\n`,
      )
      const before = getDefaultHighWaterMark(false)
      // As from Node 22 on.
      setDefaultHighWaterMark(false, 65_536)
      try {
        const channel = await openTo(sshd, { proxyCommand: `'${process.execPath}' '${relay}'` })
        await arrives(channel, sshd)
        await channel.close()
      } finally {
        setDefaultHighWaterMark(false, before)
      }
    }),
  { timeout: 60 },
)

test('another version of ssh2 is refused', () => {
  const strange = { _protocol: { _cipher: {}, channelData() {} } } as unknown as Client
  assert.throws(() => new Packets().serve(strange, new Writable()), /not the one Plinth was made for/)
})

test.run()
