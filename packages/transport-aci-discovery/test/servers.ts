import { readFileSync } from 'node:fs'
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const folder = join(import.meta.dirname, '../../http/test/fixtures/tls')
const pem = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** Of the authority that the servers' certificate is from. */
export const certificates: { readonly ca: string } = { ca: pem('ca.crt') }

export interface TestServer {
  readonly port: number
  readonly seen: readonly IncomingMessage[]
}

/** A server of `localhost` over TLS, ended with the running test. */
export function tlsServer(answer: RequestListener): Promise<TestServer> {
  return started((listener) => createServer({ key: pem('key.pem'), cert: pem('server.crt') }, listener), answer)
}

export function plainServer(answer: RequestListener): Promise<TestServer> {
  return started((listener) => createPlainServer(listener), answer)
}

async function started(create: (listener: RequestListener) => Server, answer: RequestListener): Promise<TestServer> {
  const seen: IncomingMessage[] = []
  const server = create((request, response) => {
    seen.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { port: address.port, seen }
}
