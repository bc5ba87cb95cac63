import { createBufferPool } from '../link/buffer-pool.ts'
import { relayBlob } from './blobs.ts'
import { blobsOf, type Descriptor } from './documents.ts'
import { getGraph, parseImage, putGraph } from './image.ts'
import { openPool } from './pool.ts'

export async function copy(from: string, to: string): Promise<void> {
  const [source, target] = [parseImage(from), parseImage(to)]
  const buffers = createBufferPool()
  const [sources, targets] = [openPool(source.host, buffers), openPool(target.host)]
  const graph = await getGraph(sources, source)
  const relay = (blob: Descriptor): Promise<void> =>
    sources.use((reading) =>
      targets.use((writing) =>
        relayBlob(reading, writing, { blob, source: source.repository, target: target.repository, buffers }),
      ),
    )
  await Promise.all(blobsOf(graph).map(relay))
  await putGraph(targets, target, graph)
  sources.close()
  targets.close()
}

/** No byte of a blob moves. */
export async function mount(from: string, to: string): Promise<void> {
  const [source, target] = [parseImage(from), parseImage(to)]
  const pool = openPool(source.host)
  const graph = await getGraph(pool, source)
  const one = async ({ digest }: Descriptor): Promise<void> => {
    const query = new URLSearchParams({ mount: digest, from: source.repository }).toString()
    const path = `/v2/${target.repository}/blobs/uploads/?${query}`
    const { status } = await pool.ask({ method: 'POST', path, headers: { 'content-length': 0 } })
    if (status !== 201) throw new Error(`${digest} was not mounted`)
  }
  await Promise.all(blobsOf(graph).map(one))
  await putGraph(pool, target, graph)
  pool.close()
}
