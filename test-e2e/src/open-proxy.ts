import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A proxy to whom every host is one server. */
export interface OpenProxy extends AsyncDisposable {
  readonly url: string
}

/** `host` is the `ADDRESS:PORT` that all connections lead to, whatever they are for. */
export async function startOpenProxy(host: string): Promise<OpenProxy> {
  const [address = '', port] = host.split(':')
  const open = new Set<Duplex>()
  const proxy = createServer()
  proxy.on('connect', (_, client) => {
    const server = connect(Number(port), address, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(server).pipe(client)
    })
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => destroy([client, server]))
    }
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  const { port: own } = proxy.address() as AddressInfo // as it listens on a port
  return {
    url: `http://127.0.0.1:${own}`,
    async [Symbol.asyncDispose]() {
      destroy(open)
      await proxy[Symbol.asyncDispose]()
    },
  }
}

function destroy(sockets: Iterable<Duplex | Socket>): void {
  for (const socket of sockets) socket.destroy()
}
