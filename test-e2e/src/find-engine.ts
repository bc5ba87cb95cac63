import { request } from 'node:http'

const SOCKET = '/var/run/docker.sock'

/** The socket of a Docker Engine that this user may speak to; undefined if there is none. */
export async function findEngine(): Promise<string | undefined> {
  const status = await call('GET', '/_ping')
  return status === 200 ? SOCKET : undefined
}

/** Removes an image from that engine. */
export async function removeFromEngine(name: string): Promise<void> {
  await call('DELETE', `/images/${name}`)
}

function call(method: string, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: SOCKET, method, path, agent: false, timeout: 5000 })
    asked.once('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(undefined))
    asked.end()
  })
}
