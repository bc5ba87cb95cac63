import type { Document } from './documents.ts'
import { getManifest, headDigest, parseImage } from './image.ts'
import { rootOf } from './layout.ts'
import { openPool } from './pool.ts'

/** Finds that there is nothing to do. */
export async function pushAgain(folder: string, to: string): Promise<void> {
  const image = parseImage(to)
  const pool = openPool(image.host)
  const { digest } = rootOf(folder)
  if ((await headDigest(pool, image)) !== digest) throw new Error(`${to} is not ${digest}`)
  pool.close()
}

export const pullAgain = (from: string, folder: string): Promise<void> => pushAgain(folder, from)

export async function inspect(text: string): Promise<void> {
  const image = parseImage(text)
  const pool = openPool(image.host)
  const read = async (name: string): Promise<Document> => {
    const { bytes } = await getManifest(pool, image, name)
    return JSON.parse(bytes.toString()) as Document
  }
  const root = await read(image.tag)
  const amd64 = root.manifests?.find(({ platform }) => platform?.architecture === 'amd64')
  const { config } = amd64 === undefined ? root : await read(amd64.digest)
  const { body } = await pool.ask({ method: 'GET', path: `/v2/${image.repository}/blobs/${config?.digest}` })
  process.stdout.write(body)
  pool.close()
}

export async function listTags(text: string): Promise<void> {
  const { host, repository } = parseImage(text)
  const pool = openPool(host)
  const { body } = await pool.ask({ method: 'GET', path: `/v2/${repository}/tags/list` })
  process.stdout.write(body)
  pool.close()
}
