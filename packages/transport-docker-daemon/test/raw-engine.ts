import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type DockerDaemonTransport, type DockerDaemonTransportOptions, dockerDaemonTransport } from '../src/index.ts'

/** An engine that answers as it is told, for the running test; its host. */
export async function rawEngine(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  const folder = await mkdtemp(join(tmpdir(), 'raw-engine-'))
  const isWindows = process.platform === 'win32'
  const path = isWindows ? String.raw`\\.\pipe\${folder.split('\\').at(-1)}` : join(folder, 'docker.sock')
  onTestFinished(async () => {
    const closed = new Promise((resolve) => void server.close(resolve))
    server.closeAllConnections()
    await closed
    await rm(folder, { recursive: true, force: true })
  })
  await new Promise<void>((resolve) => void server.listen(path, resolve))
  return isWindows ? `npipe:${path.replaceAll('\\', '/')}` : `unix://${path}`
}

/** Transports of such an engine. */
export async function transportOf(
  answer: RequestListener,
  options: DockerDaemonTransportOptions = {},
): Promise<DockerDaemonTransport> {
  return dockerDaemonTransport({ host: await rawEngine(answer), ...options })
}

/** Reads the request to its end. */
export async function consume(request: IncomingMessage): Promise<void> {
  for await (const _ of request) continue
}

/** Answers as long as somebody reads. */
export async function answerForEver(response: ServerResponse, piece: string): Promise<void> {
  while (!response.destroyed) {
    if (!response.write(piece))
      await new Promise<void>((resolve) => void response.once('drain', resolve).once('close', resolve))
  }
}
