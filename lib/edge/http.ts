/** HTTP as a machine sees it: every request goes through a tunnel of the SSH connection, so nothing but sshd need be reachable. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpRequest, HttpResponse, MachineChannel } from '../core/channel.ts'
import { partsUsed } from './parts-used.ts'
import { FarError, type FarFailure } from './tunnel.ts'

const bodyLimit = 8 * 1024 * 1024

/**
 * One request and its whole answer. Redirects are not followed. Query and form never appear in an error: they may hold secrets.
 * @throws FarError of a kind ('refused', 'timeout', …); PlinthError when the connection to the machine is gone
 */
export async function request(channel: Pick<MachineChannel, 'tunnel'>, wanted: HttpRequest): Promise<HttpResponse> {
  partsUsed.add('http')
  const { host, port, path, timeoutSeconds = 10 } = wanted
  const where = `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
  const fail = (kind: FarFailure, what: string, remedy: string): FarError => new FarError(kind, { where, what, remedy })

  return new Promise<HttpResponse>((resolve, reject) => {
    let tunnel: Duplex | undefined
    let over = false
    const settle = (act: () => void): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      tunnel?.destroy()
      act()
    }
    const timer = setTimeout(() => {
      const error = fail(
        'timeout',
        `no whole answer within ${timeoutSeconds} s`,
        'see whether the service hangs or is still starting',
      )
      settle(() => reject(error))
    }, timeoutSeconds * 1000)
    const lost = (error: Error & { code?: string }): void => {
      const invalid = error.code?.startsWith('HPE_')
      const reason = invalid
        ? fail('invalid', `what answers there does not speak HTTP (${error.code})`, `see what listens on port ${port}`)
        : fail(
            'lost',
            `the connection ended before the answer did (${error.message})`,
            'see whether the service just ended',
          )
      settle(() => reject(reason))
    }
    channel.tunnel(host, port).then(
      (stream) => {
        tunnel = stream
        if (over) {
          stream.destroy()
          return
        }
        send(wanted, stream, lost).on('response', (response) => {
          receive(response).then(
            (body) =>
              settle(() =>
                body === undefined
                  ? reject(fail('invalid', 'the answer is longer than 8 MiB', `see what listens on port ${port}`))
                  : resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body }),
              ),
            lost,
          )
        })
      },
      (error) => settle(() => reject(error)),
    )
  })
}

function send(wanted: HttpRequest, tunnel: Duplex, onError: (error: Error) => void): ClientRequest {
  const { host, port, path, query, form, json, headers, method = form || json !== undefined ? 'POST' : 'GET' } = wanted
  const search = query ? `?${new URLSearchParams(query)}` : ''
  const body = json ?? (form ? new URLSearchParams(form).toString() : '')
  const type = json === undefined ? 'application/x-www-form-urlencoded; charset=utf-8' : 'application/json'
  const request = httpRequest({
    host,
    port,
    method,
    path: `${path}${search}`,
    headers: {
      ...((form || json !== undefined) && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      ...headers,
      connection: 'close',
    },
    createConnection: () => tunnel,
  })
  request.on('error', onError)
  request.end(body)
  return request
}

/** The whole body; undefined when it is longer than the limit. */
async function receive(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyLimit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
