import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { digestOf } from '../src/digests.ts'
import { type EngineOptions, startEngine, type TestEngine } from '../src/index.ts'
import { packTar, readTar } from '../src/tar.ts'

const layer = Buffer.alloc(2048, 'layer')

async function newEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const engine = await startEngine(options)
  onTestFinished(() => engine[Symbol.asyncDispose]())
  return engine
}

interface Draft {
  readonly diffId?: string
  readonly os?: string
  readonly layers?: readonly Buffer[]
}

async function archiveOf({ diffId = digestOf(layer), os = 'linux', layers = [layer] }: Draft = {}): Promise<Buffer> {
  const config = JSON.stringify({ os, rootfs: { type: 'layers', diff_ids: [diffId] } })
  const paths = layers.map((_, place) => `${place}.tar`)
  return await packTar([
    ...layers.map((content, place) => ({ path: `${place}.tar`, content })),
    { path: 'config.json', content: config },
    {
      path: 'manifest.json',
      content: JSON.stringify([{ Config: 'config.json', RepoTags: ['app:1'], Layers: paths }]),
    },
  ])
}

function ask(engine: TestEngine, method: string, path: string) {
  return httpRequest({ socketPath: engine.host.slice('unix://'.length), method, path, agent: false })
}

async function load(engine: TestEngine, archive: Buffer): Promise<string> {
  const request = ask(engine, 'POST', '/v1.40/images/load')
  request.end(archive)
  const [response] = await once(request, 'response')
  expect(response.statusCode).toBe(200)
  return await text(response)
}

describe.skipIf(process.platform === 'win32')('an engine', () => {
  it('has what it loaded, packed or not, and saves it', async () => {
    for (const store of ['classic', 'classic-25', 'containerd'] as const) {
      const engine = await newEngine({ store })
      const packed = gzipSync(layer)
      expect(await load(engine, await archiveOf({ layers: [packed] }))).toBe('{"stream":"Loaded image: app:1\\n"}\r\n')
      expect(engine.names()).toEqual(['docker.io/library/app:1'])
      const request = ask(engine, 'GET', '/images/app:1/get').end()
      const [response] = await once(request, 'response')
      const files = await readTar(response)
      const [entry] = JSON.parse(files.get('manifest.json')!.toString())
      expect(entry.RepoTags).toEqual(['app:1'])
      expect(files.get(entry.Layers[0])).toEqual(store === 'containerd' ? packed : layer)
      expect(files.has('index.json')).toBe(store !== 'classic')
    }
  })

  it.each([
    [{ diffId: digestOf(Buffer.from('other')) }, 'invalid diffID for layer 0'],
    [{ layers: [] }, 'layers length mismatch'],
    [{ os: 'windows' }, 'cannot load windows image on linux'],
  ])('refuses %j', async (draft, words) => {
    const engine = await newEngine()
    expect(JSON.parse(await load(engine, await archiveOf(draft)))).toMatchObject({
      errorDetail: { message: expect.stringContaining(words) },
    })
    expect(engine.names()).toEqual([])
  })

  it('keeps nothing of a load that is cut off', async () => {
    const engine = await newEngine()
    const archive = await archiveOf()
    expect(await load(engine, archive.subarray(0, 3000))).toContain('errorDetail')
    const request = ask(engine, 'POST', '/images/load')
    request.on('error', () => undefined)
    request.write(archive)
    await vi.waitFor(() => expect(engine.requests).toHaveLength(2))
    const closed = new Promise((resolve) => void request.once('close', resolve))
    request.destroy()
    await closed
    await engine.idle()
    expect(engine.requests.at(-1)?.isWhole).toBe(false)
    expect(engine.names()).toEqual([])
  })

  it('knows no other image', async () => {
    const engine = await newEngine()
    const [response] = await once(ask(engine, 'GET', '/images/app:1/get').end(), 'response')
    expect(response.statusCode).toBe(404)
    expect(await json(response)).toEqual({ message: 'No such image: app:1' })
  })
})
