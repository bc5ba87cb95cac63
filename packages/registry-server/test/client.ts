import { createHash } from 'node:crypto'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'

/** What came back, as it was on the wire: nothing is followed, decoded or retried. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** True if the connection broke before the body was complete. */
  readonly isBroken: boolean
  /** Members that are not there show as a failed assertion. */
  readonly json: AnswerDocument
}

interface ErrorEntry {
  readonly code: string
  readonly detail: { readonly digest: string }
}

interface AnswerDocument {
  readonly errors: readonly [ErrorEntry, ...ErrorEntry[]]
  readonly manifests: readonly { readonly digest: string; readonly artifactType: string }[]
  readonly name: string
  readonly tags: readonly string[]
  readonly repositories: readonly string[]
  readonly token: string
  readonly access_token: string
  readonly refresh_token: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
  /** Leaves out Content-Length. */
  readonly chunked?: boolean
  readonly signal?: AbortSignal
  readonly maxBytes?: number
}

const agent = new Agent({ keepAlive: true })

/** A raw HTTP client on node:http. */
export async function ask(base: URL, path: string, asking: Asking = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {}, chunked = false, signal, maxBytes = Infinity } = asking
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const framing = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes?.byteLength ?? 0) }
  const length = bytes === undefined ? {} : framing
  let onBreak: (() => void) | undefined
  return await new Promise((resolve, reject) => {
    const asked = request(
      new URL(path, base),
      { method, agent, signal, headers: { ...length, ...headers } },
      (response) => {
        const pieces: Buffer[] = []
        let size = 0
        const finish = (isBroken: boolean): void => {
          const whole = Buffer.concat(pieces)
          const { statusCode: status = 0, headers: received } = response
          resolve({ status, headers: received, body: whole, isBroken, json: parse(whole) })
        }
        onBreak = () => finish(true)
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          size += piece.byteLength
          if (size > maxBytes) asked.destroy()
        })
        response.on('end', () => finish(!response.complete))
        response.on('error', () => finish(true))
      },
    )
    asked.on('error', (error) => (onBreak === undefined ? reject(error) : onBreak()))
    asked.end(bytes)
  })
}

/** Sends bytes as they are and yields what comes until the other side ends the connection. */
export async function askRaw(base: URL, text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(base.port), base.hostname, () => socket.write(text))
    let answer = ''
    socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

export function sha(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export async function pushBlob(base: URL, repository: string, bytes: Uint8Array | string): Promise<string> {
  const digest = sha(bytes)
  const opened = await ask(base, `/v2/${repository}/blobs/uploads/`, { method: 'POST' })
  const put = await ask(base, withQuery(opened.headers.location, `digest=${digest}`), { method: 'PUT', body: bytes })
  if (put.status !== 201) throw new Error(`push failed: ${put.status} ${put.body.toString()}`)
  return digest
}

export function withQuery(location: string | undefined, query: string): string {
  if (location === undefined) throw new Error('no location')
  return `${location}${location.includes('?') ? '&' : '?'}${query}`
}

function parse(bytes: Buffer): AnswerDocument {
  try {
    return JSON.parse(bytes.toString()) as AnswerDocument
  } catch {
    return {} as AnswerDocument
  }
}
