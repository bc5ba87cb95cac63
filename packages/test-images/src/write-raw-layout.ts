import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'

/** Members, as JSON text, that the documents of a layout have besides their own. */
export interface RawMembers {
  readonly manifest?: string
  readonly layer?: string
  readonly config?: string
  /** Of the annotations in `index.json`. */
  readonly name?: string
  /** Instead of the size that the layer has. */
  readonly layerSize?: string
}

/** Writes an OCI layout with one image, `x`, out of text, since objects could not hold everything that text can. */
export async function writeRawLayout(folder: string, members: RawMembers): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  const put = async (text: string, size = String(Buffer.byteLength(text))): Promise<string> => {
    const encoded = createHash('sha256').update(text).digest('hex')
    await writeFile(join(folder, 'blobs/sha256', encoded), text)
    return `"digest":"sha256:${encoded}","size":${size}`
  }
  const config = await put(
    `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}${more(members.config)}}`,
  )
  const layer = await put('layer', members.layerSize)
  const manifest = await put(
    `{"schemaVersion":2,"mediaType":"${MANIFEST}","config":{"mediaType":"${CONFIG}",${config}},` +
      `"layers":[{"mediaType":"${LAYER}",${layer}${more(members.layer)}}]${more(members.manifest)}}`,
  )
  const name = `"annotations":{"org.opencontainers.image.ref.name":"x"${more(members.name)}}`
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(
    join(folder, 'index.json'),
    `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[{"mediaType":"${MANIFEST}",${manifest},${name}}]}`,
  )
}

function more(members: string | undefined): string {
  return members === undefined ? '' : `,${members}`
}
