import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { RegistryTls } from './options.ts'

/** A port that is listened on. */
export interface Listener {
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Stops listening and ends every connection at once. */
  close(): Promise<void>
}

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly tls: RegistryTls | undefined
}

const KEEP_ALIVE_MS = 60_000

export async function startListener(
  { host, port, tls }: ListenerOptions,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  // An upload may take as long as it takes.
  const settings = { requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }
  const server: Server =
    tls === undefined ? createServer(settings, onRequest) : createSecureServer({ ...settings, ...tls }, onRequest)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      // A connection that cannot be accepted, for want of file handles, must not end the others.
      server.on('error', () => {})
      resolve()
    })
  })
  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  const name = `${host.includes(':') ? `[${host}]` : host}:${boundPort}`
  return {
    host: name,
    origin: `${tls === undefined ? 'http' : 'https'}://${name}`,
    close: async () => {
      const stopped = new Promise<void>((resolve) => void server.close(() => resolve()))
      server.closeAllConnections()
      await stopped
    },
  }
}
