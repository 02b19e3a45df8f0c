/** TCP connections that a machine opens for us, through the SSH connection to it. */
import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { exitCode, PlinthError, type Problem } from '../core/error.ts'

/**
 * Why something on the far side can't be used:
 * - refused: nothing listens on that port
 * - forbidden: sshd allows no forwarding (which says nothing about the port)
 * - unreachable: the machine finds no way to that address
 * - timeout: no answer in time
 * - lost: the connection ended before the answer did
 * - invalid: an answer came, but not one that can be read
 */
export type FarFailure = 'refused' | 'forbidden' | 'unreachable' | 'timeout' | 'lost' | 'invalid'

/** A failure beyond the SSH connection, which itself is well. */
export class FarError extends PlinthError {
  readonly kind: FarFailure

  constructor(kind: FarFailure, problem: Problem) {
    super([problem], exitCode.failed)
    this.kind = kind
  }
}

/**
 * A TCP connection from the machine to `host:port`, as the machine sees them. The machine resolves the name.
 * @param machine its name, for messages
 * @param seconds how long it may take
 * @throws FarError 'forbidden', 'refused', 'unreachable', 'timeout' or 'lost'
 */
export function openTunnel(client: Client, machine: string, host: string, port: number, seconds = 30): Promise<Duplex> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    let late = false
    const fail = (kind: FarFailure, what: string, remedy: string): void => {
      clearTimeout(timer)
      reject(new FarError(kind, { where: `${machine} → ${target}`, what, remedy }))
    }
    const timer = setTimeout(() => {
      late = true
      fail('timeout', `no connection within ${seconds} s`, `see what drops packets between ${machine} and ${host}`)
    }, seconds * 1000)
    try {
      client.forwardOut('127.0.0.1', 0, host, port, (error, stream) => {
        if (late) stream?.destroy()
        else if (error) fail(...meaningOf(error, machine, host, port))
        else {
          clearTimeout(timer)
          // Whoever uses it adds a listener; a tunnel nobody uses any more must not end the process.
          stream.on('error', () => {})
          resolve(stream)
        }
      })
    } catch (error) {
      fail(...meaningOf(error as Error, machine, host, port))
    }
  })
}

/** RFC 4254 section 5.1: reason 1 is sshd's own refusal, 2 the failed connection, in the words of the system there. */
function meaningOf(
  error: Error & { reason?: unknown },
  machine: string,
  host: string,
  port: number,
): [FarFailure, string, string] {
  const said = error.message.replace(/^\(SSH\) Channel open failure: /, '')
  if (error.reason === 1) {
    return [
      'forbidden',
      'its sshd refuses to forward TCP connections',
      `set "AllowTcpForwarding local" in sshd_config of ${machine} (no PermitOpen or DisableForwarding against it) and reload sshd`,
    ]
  }
  if (error.reason !== 2) return ['lost', `the SSH connection is gone (${said})`, 'run again']
  if (/refused/i.test(said)) {
    return ['refused', 'nothing listens there', `see that the service is up and listens on port ${port}`]
  }
  return ['unreachable', `${machine} can't connect: ${said}`, `see to the name, the route and the firewall for ${host}`]
}
