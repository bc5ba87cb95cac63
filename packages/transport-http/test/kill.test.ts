import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { testImage } from '@crossdock/transport-testkit'
import { expect, it, onTestFinished } from 'vitest'
import { httpTransport } from '../src/index.ts'
import { type Answer, fileServer, serveFile } from './file-server.ts'
import { ociArchive, readImage } from './image-archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = testImage({ layerBytes: 1_000_000 })
const other = testImage({ layerBytes: 1_000_000, seed: 'other' })

interface Killed {
  readonly cacheFolder: string
  readonly text: string
  /** Bytes that the process had been sent when it was killed. */
  readonly sent: number
  /** What the server gives from then on. */
  serve(answer: Answer): void
  readonly ranges: readonly (string | undefined)[]
}

/** A process that fetches an archive is killed when half of that was sent. */
async function killedAtHalf(bytes: Uint8Array): Promise<Killed> {
  const sent = Math.floor(bytes.byteLength / 2)
  const half = Promise.withResolvers<void>()
  let answer: Answer = (_, response) => {
    response.writeHead(200, { etag: '"one"', 'content-length': bytes.byteLength })
    response.write(bytes.subarray(0, sent), () => half.resolve())
  }
  const server = await fileServer((request, response) => answer(request, response))
  const cacheFolder = await temporaryFolder()
  const text = `${server.base}/app.tar`
  const child = fork(join(import.meta.dirname, 'children/fetch-in-child.ts'), [text, cacheFolder])
  onTestFinished(() => void child.kill('SIGKILL'))
  await half.promise
  await expect.poll(() => bytesThere(cacheFolder)).toBe(sent)
  child.kill('SIGKILL')
  await once(child, 'exit')
  return {
    cacheFolder,
    text,
    sent,
    serve: (next) => void (answer = next),
    get ranges() {
      return server.seen.map(({ headers }) => headers.range)
    },
  }
}

async function bytesThere(cacheFolder: string): Promise<number> {
  const parts = join(cacheFolder, 'parts')
  const [name = ''] = await readdir(parts).catch(() => [])
  return await stat(join(parts, name, 'data')).then(
    ({ size }) => size,
    () => 0,
  )
}

async function read({ text, cacheFolder }: Killed): Promise<string> {
  const transport = httpTransport({ cacheFolder, proxy: false, retryDelayMs: 0 })
  onTestFinished(() => transport.close())
  await using source = await transport.parseReference(text).openSource()
  return (await readImage(source)).digest
}

it('goes on where a process was killed', async () => {
  const bytes = await ociArchive(image)
  const killed = await killedAtHalf(bytes)
  killed.serve(serveFile({ bytes, etag: '"one"' }))
  expect(await read(killed)).toBe(image.root.digest)
  expect(killed.ranges).toEqual([undefined, `bytes=${killed.sent}-`])
  expect(await readdir(join(killed.cacheFolder, 'parts'))).toEqual([])
})

it('begins anew if the archive is another one by then', async () => {
  const killed = await killedAtHalf(await ociArchive(image))
  killed.serve(serveFile({ bytes: await ociArchive(other), etag: '"two"' }))
  expect(await read(killed)).toBe(other.root.digest)
})

it('leaves the part alone that a living process writes to', async () => {
  const bytes = await ociArchive(image)
  const half = Promise.withResolvers<void>()
  let isFirst = true
  const server = await fileServer((request, response) => {
    if (!isFirst) {
      serveFile({ bytes, etag: '"one"' })(request, response)
      return
    }
    isFirst = false
    response.writeHead(200, { etag: '"one"', 'content-length': bytes.byteLength })
    response.write(bytes.subarray(0, 500_000), () => half.resolve())
  })
  const cacheFolder = await temporaryFolder()
  const text = `${server.base}/app.tar`
  const child = fork(join(import.meta.dirname, 'children/fetch-in-child.ts'), [text, cacheFolder])
  onTestFinished(() => void child.kill('SIGKILL'))
  await half.promise
  await expect.poll(() => bytesThere(cacheFolder)).toBe(500_000)
  const transport = httpTransport({ cacheFolder, proxy: false })
  onTestFinished(() => transport.close())
  await using source = await transport.parseReference(text).openSource()
  expect((await readImage(source)).digest).toBe(image.root.digest)
  expect(server.seen.map(({ headers }) => headers.range)).toEqual([undefined, undefined])
})
