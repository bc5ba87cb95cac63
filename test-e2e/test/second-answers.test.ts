import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CopyOptions, copyImage } from '@crossdock/copy'
import { createTransportRegistry, ImageError, type Signature, type UnparsedImage } from '@crossdock/core'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { buildImages, verifyLayout } from '@crossdock/test-images'
import { dockerTransport } from '@crossdock/transport-docker'
import { ociDirTransport } from '@crossdock/transport-oci-dir'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'

const JUDGED = signatureOf('judged')
const SWAPPED = signatureOf('swapped')

function signatureOf(name: string): Signature {
  const bytes = new TextEncoder().encode(JSON.stringify({ critical: { type: name } }))
  const annotations = { 'dev.cosignproject.cosign/signature': Buffer.from(name).toString('base64') }
  return { format: 'sigstore', mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes, annotations }
}

/** A registry that gives something else from the moment on in which an image has been judged. */
describe('a registry that changes after an image was judged', () => {
  const stack = new AsyncDisposableStack()
  let folder: TemporaryFolder
  let registry: RegistryServer
  let images: readonly string[]
  let repositories = 0
  const transports = createTransportRegistry([
    dockerTransport({ sigstoreAttachments: true, resume: false }),
    ociDirTransport(),
  ])

  beforeAll(async () => {
    folder = stack.use(await temporaryFolder())
    registry = stack.use(await startRegistry())
    const built = await buildImages({
      folder: folder.fresh('images'),
      shapes: ['multiarch', 'one-layer'],
      scale: 0.005,
    })
    images = built.map(({ folder: layout }) => `oci:${layout}:latest`)
  })
  afterAll(async () => {
    await transports.close()
    await stack.disposeAsync()
  })

  const name = (): string => `docker://${registry.host}/${repository}:1`
  const push = (image: string, signature: Signature, options: CopyOptions = {}) =>
    copyImage(transports.parse(image), transports.parse(name()), {
      platforms: 'all',
      ...options,
      signers: [{ format: 'sigstore', sign: async () => signature }],
    })
  let wanted: string
  let repository: string
  beforeEach(async () => {
    repository = `app-${(repositories += 1)}`
    wanted = (await push(images[0] ?? '', JUDGED)).digest
  })

  /** Judges, then puts another image and other signatures where the judged ones were. */
  async function judgeAndSwap(image: UnparsedImage): Promise<void> {
    await image.manifest()
    expect(await image.signatures()).toEqual([JUDGED])
    const judged = await image.manifest()
    await push(images[1] ?? '', SWAPPED)
    // The list of its signatures, too.
    const tag = `${judged.digest.replace(':', '-')}.sig`
    const other = await fetch(new URL(`/v2/${repository}/manifests/1`, registry.url), { headers: { accept: '*/*' } })
    await fetch(new URL(`/v2/${repository}/manifests/${tag}`, registry.url), {
      method: 'PUT',
      body: await other.arrayBuffer(),
      headers: { 'content-type': other.headers.get('content-type') ?? '' },
    })
  }

  /** The same of instances; the index is refused. */
  async function refuseIndex(image: UnparsedImage): Promise<void> {
    if (image.instance === undefined) throw new ImageError('REJECTED_BY_POLICY', 'no')
    await judgeAndSwap(image)
  }

  it.each<[string, CopyOptions]>([
    ['one platform', { platform: 'linux/amd64' }],
    ['every platform', { platforms: 'all' }],
  ])('gains nothing: %s', async (_, options) => {
    const layout = folder.fresh('copied')
    const copied = await copyImage(transports.parse(name()), transports.parse(`oci:${layout}:app`), {
      ...options,
      admit: judgeAndSwap,
    })
    expect(copied.sourceDigest).toBe(wanted)
    await verifyLayout(layout)
    const blobs = join(layout, 'blobs/sha256')
    const contents = await Promise.all((await readdir(blobs)).map((blob) => readFile(join(blobs, blob), 'utf8')))
    expect(contents.some((content) => content.includes('"swapped"'))).toBe(false)
  })

  it('gains nothing where instances are judged in place of the index', async () => {
    const layout = folder.fresh('copied')
    const copied = await copyImage(transports.parse(name()), transports.parse(`oci:${layout}:app`), {
      platform: 'linux/amd64',
      admit: refuseIndex,
    })
    expect(copied.sourceDigest).toBe(wanted)
    expect(copied.signatures).toEqual({ carried: 1, made: 0 })
  })
})
