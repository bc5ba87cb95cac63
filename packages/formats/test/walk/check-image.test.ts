import { type Descriptor, type Digest, ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  checkImage,
  type CheckImageOptions,
  documentReader,
  OCI_CONFIG,
  OCI_FOREIGN_LAYER_GZIP,
  parsePlatform,
} from '../../src/index.ts'
import { createGraph } from './graph.ts'

const graph = createGraph()
const amd64 = { ...graph.image('a'), platform: parsePlatform('linux/amd64') }
const arm64 = { ...graph.image('b'), platform: parsePlatform('linux/arm64') }
const [configA, layerA] = [graph.blob('config of a', OCI_CONFIG), graph.blob('layer of a')]
const [configB, layerB] = [graph.blob('config of b', OCI_CONFIG), graph.blob('layer of b')]
const index = graph.index([amd64, arm64])
const everything = [index, amd64, configA, layerA, arm64, configB, layerB]

/** A look at a place where `lost` are not. */
function without(
  ...lost: readonly Descriptor[]
): Pick<CheckImageOptions, 'read' | 'has'> & { readonly asked: Digest[] } {
  const gone = new Set(lost.map(({ digest }) => digest))
  const asked: Digest[] = []
  return {
    asked,
    read: documentReader(async (descriptor) => {
      if (gone.has(descriptor.digest)) throw new ImageError('NOT_FOUND', 'it is gone')
      return await graph.read(descriptor)
    }),
    has: async ({ digest }) => {
      asked.push(digest)
      return !gone.has(digest)
    },
  }
}

function broken(): Promise<never> {
  return Promise.reject(new ImageError('IO', 'the disk is gone'))
}

describe('checkImage', () => {
  it('a complete image: nothing is missing', async () => {
    expect(await checkImage(index, without())).toStrictEqual({ required: everything, present: everything, missing: [] })
  })

  it('says what is missing, and looks at the rest', async () => {
    const { required, present, missing } = await checkImage(index, without(layerA, configB))
    expect(missing).toStrictEqual([layerA, configB])
    expect(required).toStrictEqual(everything)
    expect(present).toStrictEqual([index, amd64, configA, arm64, layerB])
  })

  it('of a missing document it does not know what it needs', async () => {
    const { required, missing } = await checkImage(index, without(amd64))
    expect(missing).toStrictEqual([amd64])
    expect(required).toStrictEqual([index, amd64, arm64, configB, layerB])
  })

  it('so it is with one that is passed over', async () => {
    const read = documentReader(graph.read, { passOver: 'missing' })
    const lost = { ...amd64, digest: layerA.digest }
    expect(await checkImage(lost, { ...without(), read })).toMatchObject({ missing: [lost], present: [] })
  })

  it('one platform: the others may be missing', async () => {
    const platform = parsePlatform('linux/arm64')
    const { required, missing } = await checkImage(index, { ...without(amd64, layerA), platform })
    expect(missing).toStrictEqual([])
    expect(required).toStrictEqual([index, arm64, configB, layerB])
  })

  it('foreign layers are not required', async () => {
    const foreign = { ...graph.blob('elsewhere', OCI_FOREIGN_LAYER_GZIP), urls: ['https://elsewhere.example/layer'] }
    const image = graph.image('c', [foreign])
    const { required } = await checkImage(image, without(foreign))
    expect(required).toStrictEqual([image, graph.blob('config of c', OCI_CONFIG)])
  })

  it('looks no further once something is missing, if that is enough', async () => {
    const place = without(configA)
    const { missing } = await checkImage(index, { ...place, untilMissing: true })
    expect(missing).toStrictEqual([configA])
    expect(place.asked).toStrictEqual([configA.digest])
  })

  it('fails where looking fails', async () => {
    await expect(checkImage(index, { ...without(), has: broken })).rejects.toMatchObject({ code: 'IO' })
  })
})
