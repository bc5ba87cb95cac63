import { type Descriptor, ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  childrenHandler,
  documentReader,
  indexesOnly,
  isDocument,
  type ManifestReader,
  neededBy,
  OCI_CONFIG,
  parseManifest,
  walk,
} from '../../src/index.ts'
import { bytesOf, LAYER, manifestBytes } from '../documents.ts'
import { collect, createGraph, lattice } from './graph.ts'

function broken(): Promise<never> {
  return Promise.reject(new ImageError('IO', 'the disk is gone'))
}

describe('documentReader', () => {
  const graph = createGraph()
  const image = graph.image('a')

  it('gives the document', async () => {
    const document = await documentReader(graph.read)(image, { depth: 0 })
    expect(document).toMatchObject({ kind: 'image', layers: [graph.blob('layer of a')] })
  })

  it('refuses what its descriptor does not hold for', async () => {
    const read = documentReader(graph.read)
    await expect(read({ ...image, size: image.size + 1 }, { depth: 0 })).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  const missing: Descriptor = { ...image, digest: LAYER.digest }
  const noManifest: ManifestReader = async () => ({ ...manifestBytes('no JSON'), mediaType: image.mediaType })
  it.each([
    { what: 'missing', read: graph.read, descriptor: missing, by: ['NOT_FOUND', 'passed over', 'passed over'] },
    { what: 'no manifest', read: noManifest, descriptor: image, by: ['INVALID_DATA', 'INVALID_DATA', 'passed over'] },
    { what: 'not to be read', read: broken, descriptor: image, by: ['IO', 'IO', 'IO'] },
  ])('what is $what is passed over if that was asked for', async ({ read, descriptor, by }) => {
    const outcomes = ([undefined, 'missing', 'unusable'] as const).map(async (passOver) => {
      const document = await documentReader(read, { passOver })(descriptor, { depth: 0 })
      return document === undefined ? 'passed over' : 'read'
    })
    const told = outcomes.map((outcome) => outcome.catch((reason: unknown) => (reason as ImageError).code))
    expect(await Promise.all(told)).toStrictEqual(by)
  })

  it('an error of another kind is never passed over', async () => {
    const read = documentReader(() => Promise.reject(new TypeError('a mistake')), { passOver: 'unusable' })
    await expect(read(image, { depth: 0 })).rejects.toThrow('a mistake')
  })

  it('goes sixteen indexes deep', async () => {
    const children = childrenHandler(documentReader(graph.read))
    expect(await collect(walk([lattice(graph, 16)], children))).toHaveLength(1 + 2 * 15 + 2 + 4)
    await expect(collect(walk([lattice(graph, 17)], children))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('reads so many documents, and no more', async () => {
    const top = graph.index([graph.image('a'), graph.image('b')])
    const walked = (maxDocuments: number) =>
      collect(walk([top], childrenHandler(documentReader(graph.read, { maxDocuments }))))
    expect(await walked(3)).toHaveLength(7)
    await expect(walked(2)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('childrenHandler', () => {
  const graph = createGraph()
  const layer = graph.blob('layer')
  const image = graph.image('a', [layer, layer])
  const index = graph.index([image, layer], { subject: graph.image('subject') })
  const children = childrenHandler(documentReader(graph.read))

  it.each([
    {
      what: 'an image: its config and its layers, each once',
      of: image,
      below: [graph.blob('config of a', OCI_CONFIG), layer],
    },
    { what: 'an index: what it lists, but not its subject', of: index, below: [image, layer] },
    { what: 'a layer: nothing', of: layer, below: [] },
    { what: 'an unknown type: nothing', of: { ...image, mediaType: 'application/x-unknown' }, below: [] },
  ])('$what', async ({ of, below }) => {
    expect(await children(of, { depth: 0 })).toStrictEqual(below)
  })

  it('has nothing for a document that is passed over', async () => {
    const { digest } = LAYER
    const passing = childrenHandler(documentReader(graph.read, { passOver: 'missing' }))
    expect(await passing({ ...image, digest }, { depth: 0 })).toStrictEqual([])
  })

  it('leaves images unread if only indexes are to be read', async () => {
    const indexes = childrenHandler(indexesOnly(documentReader(graph.read)))
    expect(await indexes(image, { depth: 1 })).toStrictEqual([])
    expect(await indexes(index, { depth: 0 })).toStrictEqual([image, layer])
  })

  it('agrees with what the document says it needs', () => {
    for (const of of [image, index]) {
      const manifest = graph.documents.get(of.digest) ?? manifestBytes(bytesOf(''))
      expect(isDocument(of)).toBe(true)
      expect(neededBy(parseManifest(manifest))).not.toStrictEqual([])
    }
    expect(isDocument(layer)).toBe(false)
  })
})
