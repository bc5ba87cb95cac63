import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

/** A request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/** A server on a free port of this machine. */
export interface FileServer extends AsyncDisposable {
  /** `//127.0.0.1:PORT`. */
  readonly base: string
  readonly seen: readonly SeenRequest[]
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export async function startFileServer(answer: Answer): Promise<FileServer> {
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    seen.push({ method, path, headers })
    answer(request, response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    base: `//127.0.0.1:${address.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

/** The same, ended with the running test. */
export async function fileServer(answer: Answer): Promise<FileServer> {
  const server = await startFileServer(answer)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** A file as a well-behaved server has it. */
export interface ServedFile {
  bytes: Uint8Array
  etag?: string | undefined
  lastModified?: string | undefined
  /** More headers of every answer. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Breaks the connection off behind so many bytes of an answer. */
  cutAfter?: number | undefined
  /** The same, and every later request is broken off at once, as if the server had died. */
  dieAfter?: number | undefined
}

/** Answers as RFC 9110 has it: conditions, ranges, `If-Range`. */
export function serveFile(file: ServedFile): Answer {
  return (request, response) => {
    if (file.dieAfter === 0) response.destroy()
    else if (isSame(file, request)) response.writeHead(304, headersOf(file)).end()
    else sendFrom(file, response, firstByte(file, request))
  }
}

function headersOf({ etag, lastModified, headers }: ServedFile): Record<string, string> {
  return {
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { 'last-modified': lastModified }),
    ...headers,
  }
}

function isSame({ etag, lastModified }: ServedFile, { headers }: IncomingMessage): boolean {
  const { 'if-none-match': tag, 'if-modified-since': since } = headers
  return tag === undefined ? since !== undefined && since === lastModified : tag === etag
}

/** Undefined if the whole file is wanted. */
function firstByte({ etag, lastModified }: ServedFile, { headers }: IncomingMessage): number | undefined {
  const { range = '', 'if-range': condition } = headers
  const [, first] = /^bytes=(\d+)-$/.exec(range) ?? []
  const holds = condition === undefined || condition === etag || condition === lastModified
  return first === undefined || !holds ? undefined : Number(first)
}

function sendFrom(file: ServedFile, response: ServerResponse, first: number | undefined): void {
  const { bytes } = file
  const headers = headersOf(file)
  const size = bytes.byteLength
  if (first !== undefined && first >= size) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end()
    return
  }
  const body = bytes.subarray(first ?? 0)
  const range = first !== undefined && { 'content-range': `bytes ${first}-${size - 1}/${size}` }
  response.writeHead(range ? 206 : 200, { ...headers, 'content-length': body.byteLength, ...range })
  const cutAfter = file.dieAfter ?? file.cutAfter ?? size
  if (file.dieAfter !== undefined) file.dieAfter = 0
  if (cutAfter >= body.byteLength) response.end(body)
  else response.write(body.subarray(0, cutAfter), () => void setImmediate(() => response.destroy()))
}
