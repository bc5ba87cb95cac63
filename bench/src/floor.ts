/**
 * The least that a Node.js program has to do for a copy: parallel requests, one hash for each byte read from the network,
 * one write. Nothing is looked up, resumed, retried, synced to the disk or reported. Run by the benchmark as a command:
 * `floor.ts pull HOST/REPOSITORY:TAG FOLDER` and `floor.ts push FOLDER HOST/REPOSITORY:TAG`.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

interface Descriptor {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

interface Document {
  readonly mediaType?: string
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

interface Repository {
  readonly host: string
  readonly path: string
  readonly tag: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
const ACCEPT =
  'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json'

async function ask(host: string, path: string, options: RequestOptions, body?: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const url = new URL(path, `http://${host}`)
  const outgoing = request(url, { agent, ...options })
    .on('response', resolve)
    .on('error', reject)
  if (body === undefined) outgoing.end()
  else await pipeline(createReadStream(body, { highWaterMark: 1024 * 1024 }), outgoing)
  const response = await promise
  if ((response.statusCode ?? 0) < 300) return response
  throw new Error(`${options.method ?? 'GET'} ${path}: ${response.statusCode}`)
}

function parseImage(image: string): Repository {
  const match = /^([^/]+)\/(.+):([^:]+)$/.exec(image)
  const [, host = '', path = '', tag = ''] = match ?? []
  return { host, path, tag }
}

function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
}

async function pull(image: string, folder: string): Promise<void> {
  const { host, path, tag } = parseImage(image)
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true })
  const seen = new Map<string, Promise<void>>()
  const once = (blob: Descriptor): Promise<void> => {
    const moving = seen.get(blob.digest) ?? fetchBlob({ host, path, tag }, blob, folder)
    seen.set(blob.digest, moving)
    return moving
  }
  const graph = async (name: string): Promise<string> => {
    const response = await ask(host, `/v2/${path}/manifests/${name}`, { headers: { accept: ACCEPT } })
    const bytes = await text(response)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    await writeFile(blobPath(folder, digest), bytes)
    const { manifests = [], config, layers = [] } = JSON.parse(bytes) as Document
    const blobs = config === undefined ? layers : [config, ...layers]
    await Promise.all([...manifests.map((child) => graph(child.digest)), ...blobs.map(once)])
    return digest
  }
  const digest = await graph(tag)
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ digest }] }))
}

async function fetchBlob({ host, path }: Repository, blob: Descriptor, folder: string): Promise<void> {
  const response = await ask(host, `/v2/${path}/blobs/${blob.digest}`, {})
  const hash = createHash('sha256')
  const file = await open(blobPath(folder, blob.digest), 'w')
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      hash.update(chunk)
      await file.write(chunk)
    }
  } finally {
    await file.close()
  }
  if (`sha256:${hash.digest('hex')}` !== blob.digest) throw new Error(`${blob.digest} has other content`)
}

async function push(folder: string, image: string): Promise<void> {
  const { host, path, tag } = parseImage(image)
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Document
  const seen = new Map<string, Promise<void>>()
  const once = (blob: Descriptor): Promise<void> => {
    const moving = seen.get(blob.digest) ?? sendBlob({ host, path, tag }, blob, folder)
    seen.set(blob.digest, moving)
    return moving
  }
  const graph = async (descriptor: Descriptor, name: string): Promise<void> => {
    const file = blobPath(folder, descriptor.digest)
    const { manifests = [], config, layers = [] } = JSON.parse(await readFile(file, 'utf8')) as Document
    const blobs = config === undefined ? layers : [config, ...layers]
    await Promise.all([...manifests.map((child) => graph(child, child.digest)), ...blobs.map(once)])
    const headers = { 'content-type': descriptor.mediaType, 'content-length': String(descriptor.size) }
    const response = await ask(host, `/v2/${path}/manifests/${name}`, { method: 'PUT', headers }, file)
    response.resume()
  }
  const [root] = index.manifests ?? []
  if (root !== undefined) await graph(root, tag)
}

async function sendBlob({ host, path }: Repository, blob: Descriptor, folder: string): Promise<void> {
  const opened = await ask(host, `/v2/${path}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0' } })
  opened.resume()
  const target = new URL(opened.headers.location ?? '', `http://${host}`)
  target.searchParams.set('digest', blob.digest)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) }
  const response = await ask(
    host,
    target.pathname + target.search,
    { method: 'PUT', headers },
    blobPath(folder, blob.digest),
  )
  response.resume()
}

const [action, from = '', to = ''] = process.argv.slice(2)
await (action === 'pull' ? pull(from, to) : push(from, to))
agent.destroy()
