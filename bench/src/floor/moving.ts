import { copyBlob, fetchBlob, sendBlob } from './blobs.ts'
import { blobsOf, type Descriptor } from './documents.ts'
import { getGraph, type Image, parseImage, putGraph } from './image.ts'
import { createLayout, readLayoutGraph, writeLayout } from './layout.ts'
import { openPool, type Pool } from './pool.ts'
import { fetchInRanges } from './ranges.ts'
import { inTwoThreads, type Share } from './share.ts'

const RANGED_BYTES = 32 * 1024 * 1024

/** Connections that a large blob is fetched over where each of them has a limit. */
const RANGED_CONNECTIONS = 8

interface FetchOptions {
  readonly image: Image
  readonly folder: string
  /** Whether large blobs are fetched over several connections. */
  readonly ranged: boolean
}

async function fetchBlobs(pool: Pool, blobs: readonly Descriptor[], options: FetchOptions): Promise<void> {
  const { image, folder, ranged } = options
  const { repository } = image
  const fetch = (blob: Descriptor): Promise<void> =>
    ranged && blob.size > RANGED_BYTES
      ? fetchInRanges(pool, { repository, blob, folder, connections: RANGED_CONNECTIONS })
      : pool.use((connection) => fetchBlob(connection, repository, blob, folder))
  await Promise.all(blobs.map(fetch))
}

export const pull = (from: string, folder: string): Promise<void> => pullWith(from, folder, false)

export const pullRanged = (from: string, folder: string): Promise<void> => pullWith(from, folder, true)

async function pullWith(from: string, folder: string, ranged: boolean): Promise<void> {
  const image = parseImage(from)
  createLayout(folder)
  const pool = openPool(image.host)
  const graph = await getGraph(pool, image)
  await inTwoThreads(blobsOf(graph), (blobs) => fetchBlobs(pool, blobs, { image, folder, ranged }))
  writeLayout(folder, graph)
  pool.close()
}

/** In the second thread: its share of a pull. */
export async function fetchShare({ blobs, argv }: Share): Promise<void> {
  const [action, from = '', folder = ''] = argv
  const image = parseImage(from)
  const pool = openPool(image.host)
  await fetchBlobs(pool, blobs, { image, folder, ranged: action === 'pull-ranged' })
  pool.close()
}

export async function copyFolder(from: string, folder: string): Promise<void> {
  createLayout(folder)
  const graph = await readLayoutGraph(from)
  await inTwoThreads(blobsOf(graph), async (blobs) => {
    for (const blob of blobs) copyBlob(from, blob, folder)
  })
  writeLayout(folder, graph)
}

export async function push(folder: string, to: string): Promise<void> {
  const image = parseImage(to)
  const pool = openPool(image.host)
  const graph = await readLayoutGraph(folder)
  const send = (blob: Descriptor): Promise<void> =>
    pool.use((connection) => sendBlob(connection, image.repository, blob, folder))
  await Promise.all(blobsOf(graph).map(send))
  await putGraph(pool, image, graph)
  pool.close()
}

/** In the second thread: its share of a copy between folders. */
export function copyShare({ blobs, argv: [, from = '', folder = ''] }: Share): void {
  for (const blob of blobs) copyBlob(from, blob, folder)
}
